"""Unpacking archives into source trees."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from archives import FILES, pin, write_tar
from torch_build.edits import Edit
from torch_build.sources import PythonWheel
from torch_build.unpack import content_digest, unpack, unpack_wheel
from transcriber.errors import DependencyError, NetworkError


def edit(path: str = "src/a.h", anchor: str = "two", replacement: str = "2") -> Edit:
    return Edit(source="some", path=path, anchor=anchor, replacement=replacement, reason="a test")


def age(tree: Path) -> None:
    for path in tree.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_tar(tmp_path / "some_1.orig.tar.xz", FILES)


def test_the_tree_has_what_is_selected_below_the_top_folder(tmp_path: Path) -> None:
    files = {**FILES, "run.sh": "#!/bin/sh\n", "src/link@": "a.h"}
    path = write_tar(tmp_path / "some.tar.xz", files)
    tree = unpack(pin(path), path, tmp_path / "trees")
    assert tree == tmp_path / "trees" / "some"
    assert (tree / "src" / "a.h").read_text() == "one two\n"
    assert not (tree / "doc").exists()
    assert os.access(tree / "run.sh", os.X_OK) and not os.access(tree / "LICENSE", os.X_OK)
    assert (tree / "src" / "link").readlink() == Path("a.h")


def test_a_finished_tree_is_left_alone(path: Path, tmp_path: Path) -> None:
    tree = unpack(pin(path), path, tmp_path, [edit()])
    age(tree)
    unpack(pin(path), path, tmp_path, [edit()])
    assert {p.stat().st_mtime for p in tree.rglob("*")} == {1}


def test_a_changed_edit_writes_its_own_file_only(path: Path, tmp_path: Path) -> None:
    tree = unpack(pin(path), path, tmp_path, [edit()])
    assert (tree / "src" / "a.h").read_text() == "one 2\n"
    age(tree)
    unpack(pin(path), path, tmp_path, [edit("src/b.h", "three", "3")])
    # The edit that is gone is undone, and both files are newer than what was compiled from them.
    assert (tree / "src" / "a.h").read_text() == "one two\n"
    assert (tree / "src" / "b.h").read_text() == "3\n"
    assert {p.name for p in tree.rglob("*.h") if p.stat().st_mtime > 1} == {"a.h", "b.h"}
    assert (tree / "LICENSE").stat().st_mtime == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (edit(anchor="four"), r"some/src/a.h .*'four' is there 0 times"),
        (edit(anchor="o"), r"some/src/a.h .*'o' is there 2 times"),
        (edit(path="src/absent.h"), r"some/src/absent.h .*no such file"),
    ],
)
def test_an_edit_that_does_not_fit_leaves_no_tree_that_looks_finished(
    path: Path, tmp_path: Path, wrong: Edit, message: str
) -> None:
    with pytest.raises(DependencyError, match=message):
        unpack(pin(path), path, tmp_path, [wrong])
    assert not (tmp_path / "some").exists()
    tree = unpack(pin(path), path, tmp_path, [edit()])
    with pytest.raises(DependencyError, match=message):
        unpack(pin(path), path, tmp_path, [wrong])
    assert (tree / "src" / "a.h").read_text() == "one 2\n"


def test_another_version_replaces_the_tree(path: Path, tmp_path: Path) -> None:
    unpack(pin(path), path, tmp_path)
    newer = write_tar(tmp_path / "some_2.tar.xz", {"src/a.h": "new\n"})
    tree = unpack(pin(newer), newer, tmp_path)
    assert [p.name for p in tree.rglob("*") if p.is_file()] == ["a.h"]


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


def test_the_makers_archive_gives_the_same_tree(path: Path, tmp_path: Path) -> None:
    makers = write_tar(tmp_path / "makers.tar.gz", {**FILES, "doc/y": ""}, top="elsewhere")
    tree = unpack(pin(path), makers, tmp_path)
    assert {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file()} == {
        name for name in FILES if not name.startswith("doc/")
    }


def test_an_archive_with_other_content_is_refused(path: Path, tmp_path: Path) -> None:
    wrong = dataclasses.replace(pin(path), sha256="0" * 64, content_sha256="0" * 64)
    with pytest.raises(NetworkError, match="pinned content"):
        unpack(wrong, path, tmp_path)


def test_a_cut_archive_is_an_error_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    archive = pin(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(NetworkError, match=r"some_1\.orig\.tar\.xz"):
        unpack(archive, path, tmp_path / "trees")
    assert not (tmp_path / "trees" / "some").exists()


@pytest.mark.parametrize(
    "files", [{"../../out": "x"}, {"src/link@": "../../out"}, {"link@": "/etc"}]
)
def test_an_archive_cannot_write_elsewhere(tmp_path: Path, files: dict[str, str]) -> None:
    path = write_tar(tmp_path / "evil.tar.xz", files)
    with pytest.raises(NetworkError, match="leads out"):
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
    age(tree)
    unpack_wheel(pinned, path, tmp_path / "trees")
    assert (tree / "one" / "__init__.py").stat().st_mtime == 1
    path.write_bytes(b"damaged")
    with pytest.raises(NetworkError, match="fetch it again"):
        unpack_wheel(dataclasses.replace(pinned, sha256="0" * 64), path, tmp_path / "trees")
