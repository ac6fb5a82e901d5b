"""Downloading from the Python package index, with a folder in place of the index."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from archives import write_tar
from buildkit.errors import SourceError
from buildkit.python_index import download


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_source_archive_comes_without_its_build_being_run(shelf: Path, tmp_path: Path) -> None:
    project = '[build-system]\nbuild-backend = "some_backend"\nrequires = ["not-there"]\n'
    path = write_tar(
        shelf / "one-1.5.tar.gz",
        {"pyproject.toml": project, "PKG-INFO": "Name: one\n", "setup.py": "raise SystemExit\n"},
        top="one-1.5",
    )
    download("one", "1.5", digest(path), tmp_path, backend="some_backend")
    assert digest(tmp_path / "one-1.5.tar.gz") == digest(path)


def test_a_wheel_with_another_digest_is_refused(shelf: Path, tmp_path: Path) -> None:
    path = shelf / "two-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("two-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: two\nVersion: 1\n")
        wheel.writestr("two-1.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("two-1.dist-info/RECORD", "")
    with pytest.raises(SourceError, match="pip cannot download two"):
        download("two", "1", "0" * 64, tmp_path)
    download("two", "1", digest(path), tmp_path)
    assert digest(tmp_path / path.name) == digest(path)
    assert not list(tmp_path.glob(".pip-*"))
