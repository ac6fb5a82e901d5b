"""Standard streams that are closed, full or read by nobody."""

from __future__ import annotations

import errno
import os
import subprocess
import wave
from pathlib import Path

import pytest
from conftest import program

from transcriber.__main__ import main
from transcriber.streams import prepare_streams, print_whole


def shell(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = 'redirection=$1; shift; eval "exec \\"\\$@\\" $redirection"'
    return subprocess.run(
        ["sh", "-c", script, "sh", redirection, *program(arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_bytes_are_printed_behind_what_was_printed_before(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    print_whole("text\n")
    print_whole(b"PK\x03\xff\r\n")
    print_whole("text\n")
    assert capfdbinary.readouterr().out == b"text\nPK\x03\xff\r\ntext\n"


def test_a_closed_standard_output() -> None:
    assert shell(">&-", "--version").returncode == 0
    assert shell(">&-", "models", "list").returncode == 0


def test_a_transcript_for_a_closed_standard_output_is_told(tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(32000))
    done = shell(">&-", str(recording), "-o", "-", "--offline")
    assert done.returncode == 7
    assert done.stderr.startswith("transcriber: standard output is closed")


def test_a_closed_standard_error_keeps_messages_out_of_the_output() -> None:
    done = shell("2>&-", "/nonexistent.wav", "-o", "-", "-f", "txt")
    assert done.returncode == 3
    assert done.stdout == ""


def test_all_closed() -> None:
    assert shell("<&- >&- 2>&-", "/nonexistent.wav").returncode == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [["models", "list"], ["help", "models"], ["--help"]], ids=str)
def test_a_full_standard_output_is_one_line(words: list[str]) -> None:
    done = shell(">/dev/full", *words)
    assert done.returncode == 7
    assert done.stderr.startswith("transcriber: cannot write standard output: No space left")
    assert len(done.stderr.splitlines()) == 1


def test_open_streams_stay_as_they_are() -> None:
    before = [os.fstat(number) for number in (0, 1, 2)]
    prepare_streams()
    assert [os.path.samestat(a, os.fstat(b)) for a, b in zip(before, (0, 1, 2), strict=True)] == [
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("name", ["model.pt", None])
def test_a_broken_disk_is_not_told_as_standard_output(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str | None
) -> None:
    error = OSError(errno.EIO, os.strerror(errno.EIO), name)

    def broken(_: object) -> int:
        raise error

    monkeypatch.setattr("transcriber.__main__._dispatch", broken)
    assert main(["a.wav"]) == 7
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"transcriber: cannot read or write {name or 'a file'}: Input/output")
