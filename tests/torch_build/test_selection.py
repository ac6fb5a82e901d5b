"""The hand-kept exceptions."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from torch_build.recipe import RECIPE
from torch_build.selection import expand, read_exceptions


def test_the_repository_s_own_can_be_read() -> None:
    exceptions = read_exceptions(RECIPE / "selection.toml")
    assert exceptions.back_ends == {"CPU": "all", "SparseCPU": "sparse"}
    assert "always" in exceptions.dtypes


@pytest.mark.parametrize(
    "text",
    [
        "[files]\n",
        "[files",
        "[files]\n[back_ends]\nCPU = 1\n[dtypes]\n",
        "[files]\ncore = 1\n[back_ends]\n[dtypes]",
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "selection.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=r"selection\.toml cannot be read"):
        read_exceptions(path)


def test_patterns_take_and_leave_out(tmp_path: Path) -> None:
    for name in ("a/one.cpp", "a/two.cpp", "a/two_test.cpp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert expand(tmp_path, ("a/*.cpp",), ("*_test.cpp",)) == ["a/one.cpp", "a/two.cpp"]


def test_a_stale_pattern_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "one.cpp").touch()
    with pytest.raises(RecipeError, match=r"has no two\.cpp"):
        expand(tmp_path, ("two.cpp",))
    with pytest.raises(RecipeError, match=r"two\.cpp leaves nothing out"):
        expand(tmp_path, ("one.cpp",), ("two.cpp",))
