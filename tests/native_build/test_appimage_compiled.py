"""Compiling with CMake: what a recipe is told, and what remains of a build before."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from appimage_tools import run
from buildkit.cmake_target import compile_target
from buildkit.errors import ToolError
from buildkit.places import build_cache
from buildkit.toolchain import Toolchain, provide_toolchain

RECIPE = """\
cmake_minimum_required(VERSION 3.25)
project(said LANGUAGES C)
add_executable(said said.c)
target_compile_definitions(said PRIVATE WORD="${WORD}")
"""


@pytest.fixture(scope="module")
def tools() -> Toolchain:
    return provide_toolchain(build_cache())


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    folder = tmp_path / "recipe"
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(RECIPE)
    (folder / "said.c").write_text("#include <stdio.h>\nint main(void) { puts(WORD); }\n")
    return folder


@pytest.mark.slow
def test_the_recipe_gets_its_definitions_also_new_ones(
    recipe: Path, tmp_path: Path, tools: Toolchain
) -> None:
    for word in ("one", "other"):
        made = compile_target(
            recipe, "said", tmp_path / "build", tools=tools, definitions={"WORD": word}
        )
        assert run(made).stdout == f"{word}\n"


@pytest.mark.slow
def test_what_another_compiler_made_is_made_again(
    recipe: Path, tmp_path: Path, tools: Toolchain
) -> None:
    folder = tmp_path / "build"
    compile_target(recipe, "said", folder, tools=tools, definitions={"WORD": "one"})
    object_file = next(folder.rglob("said.c.o"))
    before = object_file.stat().st_mtime_ns
    # The same once more changes nothing.
    compile_target(recipe, "said", folder, tools=tools, definitions={"WORD": "one"})
    assert object_file.stat().st_mtime_ns == before
    newer = dataclasses.replace(tools, versions={**tools.versions, "cc": "newer"})
    compile_target(recipe, "said", folder, tools=newer, definitions={"WORD": "one"})
    assert object_file.stat().st_mtime_ns > before


@pytest.mark.slow
def test_a_failure_is_told(recipe: Path, tmp_path: Path, tools: Toolchain) -> None:
    (recipe / "said.c").write_text("no program\n")
    with pytest.raises(ToolError, match="failed"):
        compile_target(recipe, "said", tmp_path / "build", tools=tools, definitions={})


@pytest.mark.slow
def test_the_users_own_flags_are_left_out(
    recipe: Path, tmp_path: Path, tools: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CFLAGS", "CPPFLAGS", "LDFLAGS"):
        monkeypatch.setenv(name, "-Dputs=missing -no-such-option")
    made = compile_target(recipe, "said", tmp_path / "b", tools=tools, definitions={"WORD": "a"})
    assert run(made).stdout == "a\n"
