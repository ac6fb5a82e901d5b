"""Fetching the pinned sources: where each comes from, and what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from archives import FILES, pin, write_tar
from buildkit import fetch as stage
from buildkit import fetch_patches
from buildkit.debian_suites import UPSTREAM, open_suites
from buildkit.errors import SourceError
from buildkit.fetch import archive_path, fetch
from buildkit.sources import Archive, PythonWheel, Sources, read_sources
from torch_build.recipe import SOURCES


def one(*archives: Archive) -> Sources:
    return Sources(archives=archives, wheels=())


class Debian:
    """A machine's package archive that has the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[tuple[str, ...]] = []
        self.asked: list[str] = []

    def open_suites(self, _: Path, suites: Sequence[str], *, sources: Path) -> list[str]:
        self.opened.append(tuple(suites))
        if not self.folder.is_dir():
            raise SourceError("no suite trixie")
        return ["--options"]

    def download_pinned(
        self, name: str, file: str, sha256: str, *, folder: Path, options: Sequence[str], part: str
    ) -> Path:
        assert part == UPSTREAM
        assert options == ["--options"]
        self.asked.append(name)
        if not (self.folder / file).is_file():
            raise SourceError(f"no {file} of {name}")
        return Path(shutil.copy(self.folder / file, folder / file))


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Debian:
    debian = Debian(tmp_path / "debian")
    debian.folder.mkdir()
    monkeypatch.setattr(stage, "open_suites", debian.open_suites)
    monkeypatch.setattr(fetch_patches, "download_pinned", debian.download_pinned)
    return debian


@pytest.fixture
def archive(debian: Debian) -> Archive:
    return pin(write_tar(debian.folder / "some_1.orig.tar.xz", FILES))


def test_the_first_fetch_downloads_and_later_ones_do_not(
    debian: Debian, archive: Archive, tmp_path: Path
) -> None:
    fetch(one(archive), tmp_path / "build" / "a", tmp_path / "cache")
    assert archive_path(archive, tmp_path / "build" / "a").name == archive.file
    fetch(one(archive), tmp_path / "build" / "a", tmp_path / "cache")
    fetch(one(archive), tmp_path / "build" / "b", tmp_path / "cache")
    assert archive_path(archive, tmp_path / "build" / "b").read_bytes()
    assert debian.asked == ["some"]
    assert debian.opened == [("trixie",)]


def test_the_suites_of_all_sources_are_opened_at_once(
    debian: Debian, archive: Archive, tmp_path: Path
) -> None:
    path = write_tar(debian.folder / "other_1.tar.xz", {"x": "y"})
    other = pin(path, name="other", package="other", suites=("sid", "trixie"))
    fetch(one(archive, other), tmp_path / "a", tmp_path / "cache")
    assert debian.opened == [("trixie", "sid")]


def test_a_damaged_file_in_the_folder_and_the_cache_is_replaced(
    archive: Archive, tmp_path: Path
) -> None:
    for path in (tmp_path / "a" / archive.file, tmp_path / "cache" / archive.sha256):
        path.parent.mkdir()
        path.write_text("damaged")
    fetch(one(archive), tmp_path / "a", tmp_path / "cache")
    for path in (tmp_path / "a" / archive.file, tmp_path / "cache" / archive.sha256):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == archive.sha256


def makers(tmp_path: Path, archive: Archive, files: dict[str, str]) -> Archive:
    path = write_tar(tmp_path / "makers.tar.gz", files, top="elsewhere")
    return dataclasses.replace(archive, upstream=path.as_uri())


def test_without_debian_the_makers_archive_serves_and_is_cached(
    debian: Debian, archive: Archive, tmp_path: Path
) -> None:
    shutil.rmtree(debian.folder)
    archive = makers(tmp_path, archive, {**FILES, "doc/more": ""})
    fetch(one(archive), tmp_path / "a", tmp_path / "cache")
    assert archive_path(archive, tmp_path / "a").name == archive.upstream_file
    (tmp_path / "makers.tar.gz").unlink()
    fetch(one(archive), tmp_path / "a", tmp_path / "cache")
    fetch(one(archive), tmp_path / "b", tmp_path / "cache")
    assert archive_path(archive, tmp_path / "b").is_file()


def test_a_makers_archive_with_other_content_is_refused(
    debian: Debian, archive: Archive, tmp_path: Path
) -> None:
    (debian.folder / archive.file).unlink()
    archive = makers(tmp_path, archive, {**FILES, "src/a.h": "evil"})
    with pytest.raises(SourceError, match=r"no some_1.*; file:.*does not have the pinned content"):
        fetch(one(archive), tmp_path / "a", tmp_path / "cache")
    assert not list((tmp_path / "a").iterdir())
    assert not (tmp_path / "cache").exists()


def test_what_debian_brings_is_checked_too(
    debian: Debian, archive: Archive, tmp_path: Path
) -> None:
    (debian.folder / archive.file).write_bytes(b"evil")
    archive = dataclasses.replace(archive, upstream=(tmp_path / "absent").as_uri())
    with pytest.raises(SourceError, match="does not have the pinned sha256"):
        fetch(one(archive), tmp_path / "a", tmp_path / "cache")


def test_one_that_fails_does_not_keep_the_others_from_coming(
    debian: Debian, archive: Archive, tmp_path: Path
) -> None:
    absent = (tmp_path / "absent").as_uri()
    lost = dataclasses.replace(
        archive, name="lost", file="lost", sha256="0" * 64, content_sha256="0" * 64, upstream=absent
    )
    with pytest.raises(SourceError, match="lost"):
        fetch(one(lost, archive), tmp_path / "a", tmp_path / "cache")
    assert archive_path(archive, tmp_path / "a").is_file()
    with pytest.raises(SourceError, match="run the stage fetch"):
        archive_path(lost, tmp_path / "a")


def test_wheels_and_source_archives_come_from_the_index(
    debian: Debian, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    path = write_tar(shelf / "one-1.tar.gz", FILES)
    archive = pin(path, package="", suites=(), requirement="one==1", backend="mesonpy")
    wheel = PythonWheel(
        name="two",
        version="2",
        licence="MIT",
        purpose="an example",
        ships=False,
        supplier="nobody",
        file="two-2.whl",
        size=1,
        sha256=hashlib.sha256(b"wheel").hexdigest(),
        package="two",
    )
    (shelf / "two-2.whl").write_bytes(b"wheel")

    def download(name: str, version: str, _: str, folder: Path, *, backend: str = "") -> None:
        calls.append((name, version, backend))
        for found in shelf.glob(f"{name}-*"):
            shutil.copy(found, folder)

    monkeypatch.setattr(stage, "download", download)
    fetch(Sources(archives=(archive,), wheels=(wheel,)), tmp_path / "a", tmp_path / "cache")
    assert calls == [("one", "1", "mesonpy"), ("two", "2", "")]
    assert {p.name for p in (tmp_path / "a").iterdir()} == {"one-1.tar.gz", "two-2.whl"}
    assert not debian.opened


@pytest.mark.slow
def test_debians_smallest_source_comes_from_the_real_archive(
    tmp_path: Path,
) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("this machine has no apt")
    psimd = read_sources(SOURCES).named("psimd")
    assert isinstance(psimd, Archive)
    (tmp_path / "apt").mkdir()
    try:
        open_suites(tmp_path / "apt", psimd.suites)
    except SourceError as error:
        pytest.skip(f"the package archive cannot be reached: {error}")
    # Debian's alone is to be seen.
    psimd = dataclasses.replace(psimd, upstream=(tmp_path / "absent").as_uri())
    fetch(one(psimd), tmp_path / "a", tmp_path / "cache")
    path = tmp_path / "a" / psimd.file
    assert path.stat().st_size == psimd.size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == psimd.sha256
