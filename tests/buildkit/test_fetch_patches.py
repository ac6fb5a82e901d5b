"""Getting Debian's patches, through the real apt from an archive in a folder."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from debian_archive import DebianArchive, apt_for

from archives import FILES, patch_of, pin, pin_patches, write_debian, write_tar
from buildkit.debian_patches import check_series, read_series
from buildkit.edits import read_edits
from buildkit.errors import BuildError, SourceError
from buildkit.fetch import fetch
from buildkit.fetch_patches import patches_path
from buildkit.places import build_cache
from buildkit.source_trees import provide_trees
from buildkit.sources import Archive, Sources, read_sources
from native_build.build_packages import SOURCE_EDITS
from scripts.layout import NATIVE
from torch_build.recipe import EDITS, SOURCES

pytestmark = pytest.mark.skipif(
    shutil.which("apt-get") is None, reason="this machine has no apt-get"
)

MEND = patch_of("src/a.h", "one two", "one and two")
MORE = patch_of("src/b.h", "three", "four")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Return a source of the suite trixie with one patch; no archive has it yet."""
    (tmp_path / "shelf").mkdir()
    source = write_tar(tmp_path / "shelf/some_1.orig.tar.xz", FILES)
    packaging = write_debian(tmp_path / "shelf/some_1-1.debian.tar.xz", {"mend.patch": MEND})
    absent = (tmp_path / "absent").as_uri()
    return pin(source, patches=pin_patches(packaging), upstream=absent)


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mirror/debian").mkdir(parents=True)
    return apt_for(tmp_path / "mirror/debian", tmp_path / "apt", monkeypatch)


def serve(tmp_path: Path, revision: str, patches: dict[str, str]) -> Path:
    """Let the archive have a revision of the package, and return its file with the patches."""
    debian = DebianArchive(tmp_path / "mirror/debian")
    packaging = write_debian(tmp_path / f"shelf/some_1-{revision}.debian.tar.xz", patches)
    source = tmp_path / "shelf/some_1.orig.tar.xz"
    files = {path.name: path.read_bytes() for path in (source, packaging)}
    debian.add_source("trixie", "some", f"1-{revision}", files)
    return debian.root / "pool/some" / packaging.name


def get(archive: Archive, tmp_path: Path, apt: Path, name: str = "a") -> str:
    """Fetch and unpack, and return what became of the file that is mended."""
    folder = tmp_path / "build" / name
    fetch(Sources(archives=(archive,), wheels=()), folder, tmp_path / "cache", apt_sources=apt)
    provide_trees([archive], folder, folder / "trees")
    return (folder / "trees/some/src/a.h").read_text()


def test_the_pinned_revision_comes_and_is_cached(
    archive: Archive, tmp_path: Path, apt: Path
) -> None:
    served = serve(tmp_path, "1", {"mend.patch": MEND})
    assert get(archive, tmp_path, apt) == "one and two\n"
    assert patches_path(archive, tmp_path / "build/a") == tmp_path / "build/a" / served.name
    shutil.rmtree(tmp_path / "mirror")
    assert get(archive, tmp_path, apt, "b") == "one and two\n"


def test_a_later_revision_that_has_the_patches_serves(
    archive: Archive, tmp_path: Path, apt: Path
) -> None:
    serve(tmp_path, "2", {"mend.patch": MEND, "more.patch": MORE})
    assert get(archive, tmp_path, apt) == "one and two\n"
    assert (tmp_path / "build/a/trees/some/src/b.h").read_text() == "three\n"
    shutil.rmtree(tmp_path / "mirror")
    assert get(archive, tmp_path, apt, "b") == "one and two\n"
    assert get(archive, tmp_path, apt, "a") == "one and two\n"


def test_a_revision_that_is_listed_and_gone_is_passed_over(
    archive: Archive, tmp_path: Path, apt: Path
) -> None:
    serve(tmp_path, "2", {"mend.patch": MEND})
    debian = DebianArchive(tmp_path / "mirror/debian")
    both = {}
    for revision in ("2", "3"):
        path = tmp_path / f"shelf/some_1-{revision}.debian.tar.xz"
        both[revision] = write_debian(path, {"mend.patch": MEND}).read_bytes()
        source = (tmp_path / "shelf/some_1.orig.tar.xz").read_bytes()
        files = {"some_1.orig.tar.xz": source, path.name: both[revision]}
        debian.add_source("trixie", "some", f"1-{revision}", files)
    (debian.root / "pool/some/some_1-3.debian.tar.xz").unlink()
    assert get(archive, tmp_path, apt) == "one and two\n"


def test_a_revision_that_changed_the_patch_does_not_serve(
    archive: Archive, tmp_path: Path, apt: Path
) -> None:
    serve(tmp_path, "2", {"mend.patch": MEND.replace("and", "or")})
    with pytest.raises(SourceError, match="no other revision of some has these patches"):
        get(archive, tmp_path, apt)
    with pytest.raises(SourceError, match="run the stage fetch"):
        patches_path(archive, tmp_path / "build/a")


def test_where_no_patch_is_applied_none_is_fetched(
    archive: Archive, tmp_path: Path, apt: Path
) -> None:
    serve(tmp_path, "9", {})
    assert archive.patches is not None
    nothing = dataclasses.replace(archive.patches, applied=(), left_out={"a test": ("mend.patch",)})
    archive = dataclasses.replace(archive, patches=nothing)
    assert get(archive, tmp_path, apt) == "one two\n"
    assert patches_path(archive, tmp_path / "build/a") is None
    names = {path.name for path in (tmp_path / "build/a").iterdir()}
    assert names == {"some_1.orig.tar.xz", "trees"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("path", "edits"), [(SOURCES, EDITS), (NATIVE / "sources.toml", SOURCE_EDITS)]
)
def test_every_pinned_patch_and_then_every_edit_applies(
    path: Path, edits: Path, tmp_path: Path
) -> None:
    sources = read_sources(path)
    patched = [one for one in sources.archives if one.patches]
    wanted = Sources(archives=tuple(patched), wheels=())
    try:
        fetch(wanted, tmp_path / "archives", build_cache())
    except SourceError as error:
        pytest.skip(f"the package archive cannot be reached: {error}")
    changes = read_edits(edits)
    assert {edit.source for edit in changes} <= {source.name for source in sources.all}
    provide_trees(patched, tmp_path / "archives", tmp_path / "trees", changes)
    for archive in patched:
        try:
            found = patches_path(archive, tmp_path / "archives")
        except BuildError:
            found = None
        assert archive.patches is not None
        if found and found.name == archive.patches.file:
            check_series(read_series(found), archive)
