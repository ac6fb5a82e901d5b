"""Reading Debian's patches, and what the lists of sources decide about each."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import pytest

from archives import FILES, patch_of, pin, pin_patches, write_debian, write_tar
from buildkit.debian_patches import Patch, check_series, content_digest, has_content, read_series
from buildkit.errors import RecipeError, SourceError
from buildkit.sources import Archive, Patches, read_sources
from scripts.layout import NATIVE
from torch_build.recipe import SOURCES

LISTS = (SOURCES, NATIVE / "sources.toml")

MEND = patch_of("src/a.h", "one two", "one and two")
"""A change of a file that `FILES` has."""


def pinned() -> list[Archive]:
    return [archive for path in LISTS for archive in read_sources(path).archives]


def changed(text: str) -> list[tuple[str, str]]:
    changes = Patch(name="mend", text=text.encode()).changes()
    return [(change.path, change.text.decode()) for change in changes]


def test_the_series_is_in_its_order_without_comments(tmp_path: Path) -> None:
    patches = {"b.patch": MEND, "a/c.patch": MEND, "unused.patch": ""}
    series = "# first\n\nb.patch\n  a/c.patch # why\n"
    path = write_debian(tmp_path / "some.debian.tar.xz", patches, series)
    assert [patch.name for patch in read_series(path)] == ["b.patch", "a/c.patch"]
    assert read_series(path)[0].text.decode() == MEND


def test_a_package_without_patches_has_an_empty_series(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "some.debian.tar.xz", {"control": ""}, top="debian")
    assert read_series(path) == ()


def test_a_series_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    # Of the options of a line, dpkg knows none but the usual depth of paths.
    for series in ("absent.patch\n", "mend.patch -p0\n"):
        path = write_debian(tmp_path / "some.debian.tar.xz", {"mend.patch": MEND}, series)
        with pytest.raises(SourceError, match="has no patch"):
            read_series(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SourceError, match="delete it"):
        read_series(path)


def test_changes_are_those_of_each_file_without_the_prose() -> None:
    second = patch_of("src/new.h", None, "x")
    text = f"Subject: a mend\n---\n src/a.h | 2\n\n{MEND}-- \n2.39\n\n{second}"
    bare = [part.removeprefix("Why it is needed.\n") for part in (MEND, second)]
    assert changed(text) == [("src/a.h", bare[0]), ("src/new.h", bare[1])]


def test_lines_that_look_like_names_are_content() -> None:
    text = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n--- a/y\n+++ b/y\n one\n two\n"
    assert changed(text) == [("x", text)]


def test_a_file_without_a_last_line_end_keeps_none() -> None:
    note = "\\ No newline at end of file\n"
    text = f"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-one\n{note}+two\n{note}"
    assert changed(f"{text}trailing prose\n") == [("x", text)]


def test_a_cut_patch_is_refused() -> None:
    with pytest.raises(SourceError, match=r"the patch mend is cut in src/a\.h"):
        changed(MEND[:-10])


@pytest.mark.parametrize(
    "text",
    [
        "diff --git a/x.bin b/x.bin\nindex 1..2 100644\nGIT binary patch\nliteral 1\nabc\n",
        "diff --git a/x.bin b/x.bin\nnew file mode 100644\nindex 000..e69\n",
        "diff --git a/old b/x.bin\nrename from old\nrename to x.bin\n",
        "--- a/old\n+++ b/x.bin\n@@ -1 +1 @@\n-one\n+two\n",
    ],
)
def test_what_is_not_lines_is_refused_where_it_is_wanted(text: str) -> None:
    patch = Patch(name="mend", text=text.encode() + MEND.encode())
    assert patch.text_for(lambda path: path == "src/a.h").decode().endswith("+one and two\n")
    with pytest.raises(RecipeError, match=r"does more to x\.bin than change lines"):
        patch.text_for(lambda path: path == "x.bin")


def test_the_digest_is_the_documented_one() -> None:
    one, two = Patch(name="1", text=b"a"), Patch(name="2", text=b"b")
    lines = "".join(f"{hashlib.sha256(p.text).hexdigest()}  {p.name}\n" for p in (one, two))
    assert content_digest([one, two]) == hashlib.sha256(lines.encode()).hexdigest()
    assert content_digest([two, one]) != content_digest([one, two])


def test_a_revision_is_the_same_when_the_applied_patches_are(tmp_path: Path) -> None:
    path = write_debian(tmp_path / "1.debian.tar.xz", {"mend.patch": MEND, "doc.patch": "x"})
    pins = pin_patches(path, applied=("mend.patch",), left_out={"prose": ("doc.patch",)})
    other = tmp_path / "2.debian.tar.xz"
    write_debian(other, {"more.patch": "y", "mend.patch": MEND})
    assert has_content(path, pins) and has_content(other, pins)
    write_debian(other, {"mend.patch": MEND + "z"})
    assert not has_content(other, pins)
    assert not has_content(tmp_path / "absent.tar.xz", pins)


def test_each_patch_is_decided_on_once(tmp_path: Path) -> None:
    source = write_tar(tmp_path / "some_1.orig.tar.xz", FILES)
    path = write_debian(tmp_path / "some.debian.tar.xz", {"a": MEND, "b": MEND})
    series = read_series(path)

    def check(**changes: object) -> None:
        check_series(series, pin(source, patches=pin_patches(path, **changes)))

    check()
    check(applied=("a",), left_out={"why": ("b",)})
    for changes, message in (
        ({"applied": ("a",)}, "the patch b of some 1-1 is neither applied nor left out"),
        ({"applied": ("a", "b", "c")}, "the patch c of some 1-1 is not in its series"),
        ({"left_out": {"why": ("b",)}}, "the patch b of some 1-1 is decided on twice"),
    ):
        with pytest.raises(RecipeError, match=message):
            check(**changes)


def test_every_source_of_debian_has_its_patches_or_a_reason() -> None:
    for archive in pinned():
        if archive.package:
            assert (archive.patches is None) == bool(archive.unpatched), archive.name
        else:
            assert archive.patches is None, archive.name


def test_every_pin_of_patches_is_complete() -> None:
    for archive in pinned():
        pins = archive.patches
        if pins is None:
            continue
        upstream = re.sub(r"^\d+:", "", pins.version).rpartition("-")[0]
        assert archive.file.startswith(f"{archive.package}_{upstream}.orig."), archive.name
        assert pins.file.startswith(f"{archive.package}_{upstream}-"), archive.name
        assert pins.size > 0
        for digest in (pins.sha256, pins.content_sha256):
            assert re.fullmatch(r"[0-9a-f]{64}", digest), archive.name
        names = [*pins.applied, *(name for group in pins.left_out.values() for name in group)]
        assert len(set(names)) == len(names), archive.name
        if not pins.applied:
            assert pins.content_sha256 == content_digest([])


def test_the_patches_of_the_program_that_matter_are_applied() -> None:
    applied = {archive.name: archive.patches for archive in pinned() if archive.patches}
    for name, wanted in {
        "cpython": ("CVE-2023-40217", "CVE-2025-13836", "CVE-2025-8291"),
        "musl": ("CVE-2025-26519-0001", "CVE-2025-26519-0002"),
    }.items():
        for start in wanted:
            assert any(patch.startswith(start) for patch in applied[name].applied), start


def test_patches_decide_over_a_tree() -> None:
    cpython = next(archive for archive in pinned() if archive.name == "cpython")
    assert isinstance(cpython.patches, Patches)
    other = dataclasses.replace(cpython.patches, content_sha256="0" * 64)
    assert dataclasses.replace(cpython, patches=other).digests != cpython.digests
    # Another revision with the same patches gives the same tree.
    newer = dataclasses.replace(cpython.patches, version="9", sha256="0" * 64)
    assert dataclasses.replace(cpython, patches=newer).digests == cpython.digests
