"""The folder of a release."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from buildkit.errors import InputError
from native_build.appimages import Publishing
from release.common.description import read_description
from release.publishing.assembling import NOTES, assemble
from release.publishing.provenance import ENDING, read_revision
from transcriber.signatures.checking import LIST
from transcriber.signatures.digest_list import read_digests


def put_together(folder: Path, *files: Path, publishing: Publishing | None = None) -> list[Path]:
    return assemble(
        files,
        folder,
        description=read_description(version="1.2.3"),
        changes="- Something new.",
        commit="a" * 40,
        publishing=publishing or Publishing(),
    )


def test_has_every_file_whole_with_its_digest(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(b"package")
    (tmp_path / "b.AppImage").write_bytes(b"program")
    (tmp_path / "b.AppImage").chmod(0o755)
    (tmp_path / "release").mkdir()
    (tmp_path / "release/left-over").touch()
    made = put_together(tmp_path / "release", tmp_path / "a.deb", tmp_path / "b.AppImage")
    statement = f"whisper-transcriber-1.2.3{ENDING}"
    assert {path.name for path in made} == {"a.deb", "b.AppImage", statement, NOTES, LIST}
    assert (tmp_path / "release/b.AppImage").stat().st_mode & 0o777 == 0o755
    digests = read_digests((tmp_path / "release" / LIST).read_bytes())
    assert digests == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in made
        if path.name != LIST
    }
    subjects = json.loads((tmp_path / "release" / statement).read_text())["subject"]
    assert {one["name"]: one["digest"]["sha256"] for one in subjects} == {
        name: digests[name] for name in ("a.deb", "b.AppImage")
    }
    assert read_revision(tmp_path / "release", read_description(version="1.2.3")) == "a" * 40
    notes = (tmp_path / "release" / NOTES).read_text()
    assert "- Something new." in notes and digests["a.deb"] in notes


def test_the_same_files_give_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(b"package")
    contents = []
    for name in ("one", "another/folder"):
        made = put_together(tmp_path / name, tmp_path / "a.deb")
        contents.append({path.name: path.read_bytes() for path in made})
    assert contents[0] == contents[1]


def test_everybody_may_read_it_whatever_the_mask_is(tmp_path: Path) -> None:
    (tmp_path / "a.deb").write_bytes(b"package")
    mask = os.umask(0o077)
    try:
        made = put_together(tmp_path / "release", tmp_path / "a.deb")
    finally:
        os.umask(mask)
    assert {path.stat().st_mode & 0o777 for path in made} == {0o644}
    assert (tmp_path / "release").stat().st_mode & 0o777 == 0o755


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.deb"):
        put_together(tmp_path / "release", tmp_path / "nowhere.deb")
