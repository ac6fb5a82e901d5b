from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from buildkit.errors import ToolError
from buildkit.kept_parts import part_key, provide_part


def test_the_key_changes_with_words_and_with_the_content_of_recipes(tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.py"
    recipe.write_text("one")
    first = part_key(["a", "b"], [recipe])
    assert part_key(["a", "b"], [recipe]) == first
    assert part_key(["ab"], [recipe]) != first
    recipe.write_text("two")
    assert part_key(["a", "b"], [recipe]) != first


def test_the_place_of_a_recipe_does_not_count(tmp_path: Path) -> None:
    keys = set()
    for name in ("here", "there"):
        recipe = tmp_path / name / "recipe.py"
        recipe.parent.mkdir()
        recipe.write_text("one")
        keys.add(part_key([], [recipe]))
    assert len(keys) == 1


def test_a_part_is_built_once(tmp_path: Path) -> None:
    built: list[Path] = []

    def build() -> Path:
        made = tmp_path / f"made-{len(built)}"
        made.mkdir()
        (made / "file").write_text("content")
        (made / "link").symlink_to("file")
        built.append(made)
        return made

    first = provide_part("python", "key", tmp_path / "cache", build)
    assert provide_part("python", "key", tmp_path / "cache", build) == first
    assert len(built) == 1
    assert (first / "file").read_text() == "content"
    assert (first / "link").is_symlink()
    assert provide_part("python", "other", tmp_path / "cache", build) != first
    assert len(built) == 2


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> Path:
        raise ToolError("no", "no")

    with pytest.raises(ToolError):
        provide_part("python", "key", tmp_path / "cache", fail)
    assert list(tmp_path.rglob("*")) == []


def test_what_was_not_used_for_long_goes(tmp_path: Path) -> None:
    def build() -> Path:
        made = tmp_path / "made"
        made.mkdir(exist_ok=True)
        return made

    folder = tmp_path / "parts"
    for key in ("old", "used", "new"):
        kept = provide_part("python", key, folder, build)
        then = time.time() - 40 * 24 * 3600
        if key != "new":
            os.utime(kept, (then, then))
        if key == "used":
            provide_part("python", key, folder, build)
    other = provide_part("numpy", "old", folder, build)
    os.utime(other, (then, then))
    provide_part("python", "next", folder, build)
    names = {path.name for path in folder.iterdir()}
    assert names == {"python-used", "python-new", "python-next", "numpy-old"}
