"""What a killed run leaves behind is removed, and nothing else."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import child
import pytest

from transcriber import leftovers
from transcriber.files import atomic_writer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, content: bytes) -> None:
    with atomic_writer(path) as stream:
        stream.write(content)


def test_what_another_process_writes_is_not_left_over(tmp_path: Path) -> None:
    for kind in ("unnamed", "named"):
        path = tmp_path / f"{kind}.txt"
        write(path, b"old")
        code = """
            import sys, time
            from pathlib import Path
            from transcriber import files
            if sys.argv[2] == "named":
                files._unnamed_file = lambda folder: None
            replace = Path.replace
            def wait(source, target):
                print("named", flush=True)
                sys.stdin.readline()
                return replace(source, target)
            Path.replace = wait
            with files.atomic_writer(Path(sys.argv[1])) as stream:
                stream.write(b"new")
            """
        with child.start(code, path, kind, stdin=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "named\n"
            before = names(tmp_path)
            leftovers._SEARCHED.clear()
            leftovers.remove_leftovers(tmp_path)
            assert names(tmp_path) == before
            assert any(name.startswith(".") for name in before)
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.wait(timeout=30) == 0
        assert path.read_bytes() == b"new"


def test_hidden_files_of_others_are_left_alone(tmp_path: Path) -> None:
    others = [".file.txt.0123abcd", "talk.transcriber-new", ".bashrc", ".transcriber-news"]
    for name in others:
        (tmp_path / name).touch()
    (tmp_path / ".talk.txt.0123abcd.transcriber-new").touch()
    leftovers._SEARCHED.clear()
    leftovers.remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted(others)


def test_without_locks_only_what_is_old_is_left_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    (tmp_path / ".a.txt.00000000.transcriber-new").touch()
    (tmp_path / ".b.txt.00000000.transcriber-new").touch()
    os.utime(tmp_path / ".a.txt.00000000.transcriber-new", (0, 0))
    leftovers._SEARCHED.clear()
    write(tmp_path / "c.txt", b"new")
    assert names(tmp_path) == [".b.txt.00000000.transcriber-new", "c.txt"]
