from __future__ import annotations

from pathlib import Path

import pytest

from native_build.parts import part_key, provide_part
from transcriber.errors import DependencyError


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
        raise DependencyError("no", "no")

    with pytest.raises(DependencyError):
        provide_part("python", "key", tmp_path / "cache", fail)
    assert list(tmp_path.rglob("*")) == []
