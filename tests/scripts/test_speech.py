"""The recordings that the set-up gets."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from buildkit.errors import SourceError
from scripts.speech import references, unpack


def make_archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_only_what_is_wanted_leaves_the_archive(tmp_path: Path) -> None:
    members = {
        "package-1/data/a.wav": b"right",
        "package-1/other/data/a.wav": b"in another folder",
        "data/a.wav": b"not below the top folder",
        "package-1/data/b.wav": b"not wanted",
    }
    folder = tmp_path / "out"
    folder.mkdir()
    unpack(make_archive(tmp_path / "a.tar.gz", members), ["data/a.wav", "data/no.wav"], folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.wav": b"right"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "out"]


def test_names_that_begin_with_a_dot_are_the_same_files(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "a.tar.gz", {"./package-1/data/a.wav": b"right"})
    unpack(archive, ["data/a.wav"], tmp_path)
    assert (tmp_path / "a.wav").read_bytes() == b"right"


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_a_damaged_archive_is_one_line(tmp_path: Path, cut: int) -> None:
    archive = make_archive(tmp_path / "a.tar.gz", {"package-1/data/a.wav": bytes(range(256)) * 9})
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(SourceError, match="cannot be unpacked"):
        unpack(archive, ["data/a.wav"], tmp_path)


def test_transcripts_lose_their_markers() -> None:
    text = (
        "<s> he was not an ill disposed young man </s> (book_64kb-0880)\n<s> yes </s> (b)\nrest\n"
    )
    assert references(text) == {
        "book_64kb-0880": "he was not an ill disposed young man",
        "b": "yes",
    }
