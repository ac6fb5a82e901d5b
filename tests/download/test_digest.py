"""A digest is computed once, and again whenever the file may have changed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from transcriber.download.digest import file_sha256, forget_sha256, remember_sha256
from transcriber.errors import ModelError
from transcriber.paths import program_cache


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


def memory() -> dict[str, dict[str, object]]:
    entries: dict[str, dict[str, object]] = json.loads(
        (program_cache() / "verified.json").read_text()
    )
    return entries


def plant(file: Path) -> None:
    """Make the memory say something wrong, which shows whether it is asked."""
    file_sha256(file)
    entries = memory()
    entries[str(file)]["sha256"] = "planted"
    (program_cache() / "verified.json").write_text(json.dumps(entries))


def right(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_it_is_the_digest_of_the_content(file: Path) -> None:
    assert file_sha256(file) == right(file)
    assert memory()[str(file)]["sha256"] == right(file)


def test_an_unchanged_file_is_not_read_again(file: Path) -> None:
    plant(file)
    assert file_sha256(file) == "planted"
    assert file_sha256(file, remembered=False) == right(file)
    assert file_sha256(file) == right(file)


@pytest.mark.parametrize("change", ["content", "length", "another file", "old times"])
def test_a_changed_file_is_read_again(file: Path, change: str) -> None:
    plant(file)
    before = file.stat()
    if change == "content":
        file.write_bytes(b"CONTENT")
    elif change == "length":
        file.write_bytes(b"contents")
    elif change == "another file":
        other = file.with_name("other")
        other.write_bytes(b"CONTENT")
        other.replace(file)
    else:
        file.write_bytes(b"CONTENT")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert file.stat().st_mtime_ns == before.st_mtime_ns
    assert file_sha256(file) == right(file)


def test_a_known_digest_is_remembered_and_forgotten(file: Path) -> None:
    remember_sha256(file, "told")
    assert file_sha256(file) == "told"
    forget_sha256(file)
    assert file_sha256(file) == right(file)


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", '{"FILE": 1}', '{"FILE": {}}', '{"FILE": {"sha256": 1}}', "\xff"]
)
def test_a_damaged_memory_is_no_memory(file: Path, text: str) -> None:
    program_cache().mkdir(parents=True)
    damaged = text.replace("FILE", str(file))
    (program_cache() / "verified.json").write_text(damaged, encoding="latin-1")
    assert file_sha256(file) == right(file)
    assert memory()[str(file)]["sha256"] == right(file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_the_memory_of_someone_else_is_not_trusted(file: Path) -> None:
    plant(file)
    os.chown(program_cache() / "verified.json", 12345, -1)
    assert file_sha256(file) == right(file)


def test_the_memory_does_not_grow_without_end(tmp_path: Path) -> None:
    for number in range(70):
        remember_sha256(tmp_path, str(number))
        file = tmp_path / str(number)
        file.touch()
        remember_sha256(file, "digest")
    assert len(memory()) == 64
    assert str(file) in memory()
    assert str(tmp_path / "0") not in memory()


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*missing: No such file"):
        file_sha256(tmp_path / "missing")
