"""Source trees: an archive, Debian's patches, our edits, and when which is done again."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from archives import FILES, patch_of, pin, pin_patches, write_debian, write_tar
from buildkit.edits import Edit
from buildkit.errors import RecipeError, SourceError
from buildkit.source_trees import provide_tree
from buildkit.sources import Archive

MEND = patch_of("src/a.h", "one two", "one and two")
DOCUMENTED = patch_of("doc/x", "prose", "poetry")


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
    tree = provide_tree(pin(path), path, tmp_path / "trees")
    assert tree == tmp_path / "trees" / "some"
    assert (tree / "src" / "a.h").read_text() == "one two\n"
    assert not (tree / "doc").exists()
    assert os.access(tree / "run.sh", os.X_OK) and not os.access(tree / "LICENSE", os.X_OK)
    assert (tree / "src" / "link").readlink() == Path("a.h")


def test_a_finished_tree_is_left_alone(path: Path, tmp_path: Path) -> None:
    tree = provide_tree(pin(path), path, tmp_path, [edit()])
    age(tree)
    provide_tree(pin(path), path, tmp_path, [edit()])
    assert {p.stat().st_mtime for p in tree.rglob("*")} == {1}


def test_a_changed_edit_writes_its_own_file_only(path: Path, tmp_path: Path) -> None:
    tree = provide_tree(pin(path), path, tmp_path, [edit()])
    assert (tree / "src" / "a.h").read_text() == "one 2\n"
    age(tree)
    provide_tree(pin(path), path, tmp_path, [edit("src/b.h", "three", "3")])
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
    with pytest.raises(RecipeError, match=message):
        provide_tree(pin(path), path, tmp_path, [wrong])
    assert not (tmp_path / "some").exists()
    tree = provide_tree(pin(path), path, tmp_path, [edit()])
    with pytest.raises(RecipeError, match=message):
        provide_tree(pin(path), path, tmp_path, [wrong])
    assert (tree / "src" / "a.h").read_text() == "one 2\n"


def test_another_version_replaces_the_tree(path: Path, tmp_path: Path) -> None:
    provide_tree(pin(path), path, tmp_path)
    newer = write_tar(tmp_path / "some_2.tar.xz", {"src/a.h": "new\n"})
    tree = provide_tree(pin(newer), newer, tmp_path)
    assert [p.name for p in tree.rglob("*") if p.is_file()] == ["a.h"]


def test_the_makers_archive_gives_the_same_tree(path: Path, tmp_path: Path) -> None:
    makers = write_tar(tmp_path / "makers.tar.gz", {**FILES, "doc/y": ""}, top="elsewhere")
    tree = provide_tree(pin(path), makers, tmp_path)
    assert {str(p.relative_to(tree)) for p in tree.rglob("*") if p.is_file()} == {
        name for name in FILES if not name.startswith("doc/")
    }


def test_an_archive_with_other_content_is_refused(path: Path, tmp_path: Path) -> None:
    wrong = dataclasses.replace(pin(path), sha256="0" * 64, content_sha256="0" * 64)
    with pytest.raises(SourceError, match="pinned content"):
        provide_tree(wrong, path, tmp_path)


def test_a_cut_archive_is_an_error_and_leaves_nothing(path: Path, tmp_path: Path) -> None:
    archive = pin(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match=r"some_1\.orig\.tar\.xz"):
        provide_tree(archive, path, tmp_path / "trees")
    assert not (tmp_path / "trees" / "some").exists()


def patched(path: Path, patches: dict[str, str], **changes: object) -> tuple[Archive, Path]:
    """Return the pin of the archive at `path` with `patches`, and their archive."""
    packaging = write_debian(path.parent / "some_1-1.debian.tar.xz", patches)
    return pin(path, patches=pin_patches(packaging, **changes)), packaging


def test_patches_are_applied_before_edits(path: Path, tmp_path: Path) -> None:
    archive, packaging = patched(path, {"mend.patch": MEND})
    tree = provide_tree(archive, path, tmp_path, [edit(anchor="and")], patches=packaging)
    assert (tree / "src/a.h").read_text() == "one 2 two\n"
    assert {p.name for p in tree.rglob("*")} == {"LICENSE", "src", "a.h", "b.h"}


def test_patches_are_applied_in_the_order_of_the_series(path: Path, tmp_path: Path) -> None:
    then = patch_of("src/a.h", "one and two", "three")
    archive, packaging = patched(path, {"z.patch": MEND, "a.patch": then})
    tree = provide_tree(archive, path, tmp_path, patches=packaging)
    assert (tree / "src/a.h").read_text() == "three\n"
    archive, packaging = patched(path, {"a.patch": then, "z.patch": MEND})
    with pytest.raises(RecipeError, match=r"a\.patch does not apply"):
        provide_tree(archive, path, tmp_path, patches=packaging)


def test_a_changed_edit_leaves_the_patches_in_place(path: Path, tmp_path: Path) -> None:
    added = patch_of("src/new.h", None, "fresh")
    archive, packaging = patched(path, {"mend.patch": MEND, "new.patch": added})
    tree = provide_tree(archive, path, tmp_path, [edit()], patches=packaging)
    assert (tree / "src/a.h").read_text() == "one and 2\n"
    age(tree)
    edits = [edit("src/new.h", "fresh", "old")]
    provide_tree(archive, path, tmp_path, edits, patches=packaging)
    assert (tree / "src/a.h").read_text() == "one and two\n"
    assert (tree / "src/new.h").read_text() == "old\n"
    assert (tree / "src/b.h").stat().st_mtime == 1


def test_other_patches_give_another_tree(path: Path, tmp_path: Path) -> None:
    plain = provide_tree(pin(path), path, tmp_path)
    assert (plain / "src/a.h").read_text() == "one two\n"
    archive, packaging = patched(path, {"mend.patch": MEND})
    tree = provide_tree(archive, path, tmp_path, patches=packaging)
    assert (tree / "src/a.h").read_text() == "one and two\n"
    archive, packaging = patched(path, {"mend.patch": MEND.replace("and", "or")})
    provide_tree(archive, path, tmp_path, patches=packaging)
    assert (tree / "src/a.h").read_text() == "one or two\n"


def test_of_a_patch_the_files_count_that_are_unpacked(path: Path, tmp_path: Path) -> None:
    archive, packaging = patched(path, {"mend.patch": DOCUMENTED + MEND})
    tree = provide_tree(archive, path, tmp_path, patches=packaging)
    assert (tree / "src/a.h").read_text() == "one and two\n"
    assert not (tree / "doc").exists()
    archive, packaging = patched(path, {"prose.patch": DOCUMENTED})
    with pytest.raises(RecipeError, match=r"prose\.patch of some changes no file"):
        provide_tree(archive, path, tmp_path, patches=packaging)


def test_a_patch_that_nobody_decided_on_stops_the_build(path: Path, tmp_path: Path) -> None:
    patches = {"mend.patch": MEND, "further.patch": DOCUMENTED}
    archive, packaging = patched(path, patches, applied=("mend.patch",))
    with pytest.raises(RecipeError, match=r"further\.patch of some .*neither applied nor left"):
        provide_tree(archive, path, tmp_path / "trees", patches=packaging)
    assert not (tmp_path / "trees/some").exists()
    archive, packaging = patched(
        path, patches, applied=("mend.patch",), left_out={"prose": ("further.patch",)}
    )
    provide_tree(archive, path, tmp_path / "trees", patches=packaging)


def test_another_revision_with_the_same_patches_may_have_more(path: Path, tmp_path: Path) -> None:
    archive, _ = patched(path, {"mend.patch": MEND})
    newer = write_debian(
        tmp_path / "some_1-2.debian.tar.xz", {"mend.patch": MEND, "more.patch": DOCUMENTED}
    )
    tree = provide_tree(archive, path, tmp_path, patches=newer)
    assert (tree / "src/a.h").read_text() == "one and two\n"


def test_other_patches_than_those_pinned_are_refused(path: Path, tmp_path: Path) -> None:
    archive, _ = patched(path, {"mend.patch": MEND})
    evil = write_debian(tmp_path / "other.tar.xz", {"mend.patch": MEND.replace("and", "evil")})
    for wrong in (evil, None):
        with pytest.raises(SourceError, match="patches"):
            provide_tree(archive, path, tmp_path / "trees", patches=wrong)
    assert not (tmp_path / "trees/some").exists()


def test_a_patch_that_does_not_apply_leaves_no_tree_that_looks_finished(
    path: Path, tmp_path: Path
) -> None:
    wrong = patch_of("src/a.h", "four", "five")
    archive, packaging = patched(path, {"wrong.patch": wrong})
    with pytest.raises(RecipeError, match=r"wrong\.patch does not apply to some: .*src/a\.h"):
        provide_tree(archive, path, tmp_path / "trees", patches=packaging)
    assert not (tmp_path / "trees/some").exists()
