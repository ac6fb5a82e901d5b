"""Reading archives: what is selected, its digest, and wheels as folders."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from archives import FILES, pin, write_tar
from buildkit.errors import SourceError
from buildkit.sources import PythonWheel
from buildkit.unpack import content_digest, unpack_wheel


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_tar(tmp_path / "some_1.orig.tar.xz", FILES)


def test_the_digest_is_of_the_selected_content_alone(path: Path, tmp_path: Path) -> None:
    archive = pin(path)
    makers = dict(reversed([*FILES.items(), ("doc/more", "text")]))
    same = write_tar(tmp_path / "same.tar.gz", makers, top="another-top")
    assert content_digest(same, archive) == archive.content_sha256
    for changed in ({**FILES, "src/a.h": "one  two\n"}, {**FILES, "src/c.h": ""}):
        other = write_tar(tmp_path / "other.tar.gz", changed)
        assert content_digest(other, archive) != archive.content_sha256


def test_the_digest_is_the_documented_one(path: Path) -> None:
    lines = [
        f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n"
        for name, text in sorted(FILES.items())
        if not name.startswith("doc/")
    ]
    assert pin(path).content_sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize(
    "files", [{"../../out": "x"}, {"src/link@": "../../out"}, {"link@": "/etc"}]
)
def test_an_archive_cannot_write_elsewhere(tmp_path: Path, files: dict[str, str]) -> None:
    path = write_tar(tmp_path / "evil.tar.xz", files)
    with pytest.raises(SourceError, match="leads out"):
        pin(path)


def test_a_wheel_becomes_a_folder_to_import_from(tmp_path: Path) -> None:
    path = tmp_path / "one-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("one/__init__.py", "x = 1\n")
    pinned = PythonWheel(
        name="one",
        version="1",
        licence="MIT",
        purpose="an example",
        ships=False,
        supplier="nobody",
        file=path.name,
        size=path.stat().st_size,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        package="one",
    )
    tree = unpack_wheel(pinned, path, tmp_path / "trees")
    assert (tree / "one" / "__init__.py").read_text() == "x = 1\n"
    for file in tree.rglob("*"):
        os.utime(file, (1, 1))
    unpack_wheel(pinned, path, tmp_path / "trees")
    assert (tree / "one" / "__init__.py").stat().st_mtime == 1
    path.write_bytes(b"damaged")
    with pytest.raises(SourceError, match="fetch it again"):
        unpack_wheel(dataclasses.replace(pinned, sha256="0" * 64), path, tmp_path / "trees")
