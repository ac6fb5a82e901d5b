"""Applying a patch with the real program."""

from __future__ import annotations

from pathlib import Path

import pytest

from archives import patch_of
from buildkit.errors import RecipeError
from buildkit.patch_program import apply_patch


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "some"
    (tree / "src").mkdir(parents=True)
    (tree / "src/a.h").write_text("1\n2\n3\n4\n5\n")
    return tree


def hunk(*lines: str, at: int = 1) -> bytes:
    old = sum(line[0] != "+" for line in lines)
    new = sum(line[0] != "-" for line in lines)
    head = f"--- a/src/a.h\n+++ b/src/a.h\n@@ -{at},{old} +{at},{new} @@\n"
    return (head + "".join(f"{line}\n" for line in lines)).encode()


def test_lines_are_changed_where_they_moved_to(tree: Path) -> None:
    apply_patch(hunk(" 2", "-3", "+three", " 4", at=20), tree, name="moved")
    assert (tree / "src/a.h").read_text() == "1\n2\nthree\n4\n5\n"
    # Neither a copy of the file as it was, nor a note about the rest.
    assert [path.name for path in tree.rglob("*")] == ["src", "a.h"]


def test_files_come_and_go(tree: Path) -> None:
    apply_patch(patch_of("new/b.h", None, "x").encode(), tree, name="new")
    assert (tree / "new/b.h").read_text() == "x\n"
    apply_patch(patch_of("new/b.h", "x", None).encode(), tree, name="gone")
    assert not (tree / "new").exists()


@pytest.mark.parametrize(
    "text",
    [
        # The line before the change is another one: no fuzz.
        hunk(" 1", " 2", " other", "-4", "+four", " 5"),
        # It is there already.
        hunk(" 1", "+2", " 3", " 4", " 5"),
        patch_of("src/absent.h", "x", "y").encode(),
    ],
)
def test_a_patch_that_does_not_fit_is_one_line(tree: Path, text: bytes) -> None:
    with pytest.raises(RecipeError) as caught:
        apply_patch(text, tree, name="mend.patch")
    assert str(caught.value).startswith("the patch mend.patch does not apply to some: ")
    assert (tree / "src/a.h").read_text() == "1\n2\n3\n4\n5\n"
    assert "leave it out" in caught.value.hint


@pytest.mark.parametrize("name", ["../outside", "link/outside"])
def test_a_patch_cannot_write_elsewhere(tree: Path, tmp_path: Path, name: str) -> None:
    (tree / "link").symlink_to(tmp_path)
    with pytest.raises(RecipeError, match="does not apply"):
        apply_patch(patch_of(name, None, "x").encode(), tree, name="evil")
    assert not (tmp_path / "outside").exists()
