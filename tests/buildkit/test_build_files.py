"""Files that are written only when they change, and those that are whole or not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildkit.errors import StorageError
from buildkit.files import atomic_writer, make_directory, write_if_different


def test_the_same_content_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    assert write_if_different(path, b"one")
    os.utime(path, ns=(1, 1))
    assert not write_if_different(path, b"one")
    assert path.stat().st_mtime_ns == 1
    assert write_if_different(path, b"two")
    assert path.read_bytes() == b"two"


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "new/file"
    with atomic_writer(path) as stream:
        stream.write(b"one")
        assert not path.exists()
    assert path.read_bytes() == b"one"

    def fail() -> None:
        with atomic_writer(path) as stream:
            stream.write(b"half")
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert path.read_bytes() == b"one"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        with atomic_writer(tmp_path / "file"):
            pass
    finally:
        os.umask(mask)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_written_is_told_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot create the folder .*: choose another folder"):
        make_directory(tmp_path / "file/folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="cannot write"), atomic_writer(tmp_path / "folder"):
        pass
