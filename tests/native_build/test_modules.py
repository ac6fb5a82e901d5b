from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from buildkit.places import CHECKOUT
from native_build.module_list import (
    FILES,
    MODULES,
    innermost,
    own_modules,
    read_list,
    with_parents,
    write_list,
)


def test_lists_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / MODULES.name
    write_list(path, ["numpy", "torch.nn"])
    assert read_list(path) == ["numpy", "torch.nn"]
    assert path.read_text().startswith("# What the program imports")


def test_no_list(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="make modules"):
        read_list(tmp_path / "missing.txt")


def test_every_listed_file_is_in_a_package_of_the_lists() -> None:
    packages = {"transcriber", *(name.partition(".")[0] for name in read_list(MODULES))}
    assert {Path(name).parts[0] for name in read_list(FILES)} <= packages


def test_own_modules_are_all_that_lie_there(tmp_path: Path) -> None:
    for name in ("a/__init__.py", "a/b.py", "a/c/__init__.py", "a/c/d.py", "a/data.toml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert own_modules(tmp_path / "a") == ["a", "a.b", "a.c", "a.c.d"]


def test_the_program_is_not_in_the_list() -> None:
    own = own_modules(CHECKOUT / "transcriber")
    assert "transcriber.engine.model" in own
    assert set(read_list(MODULES)).isdisjoint(own)


def test_innermost_modules_have_a_file_and_no_other_in_them(tmp_path: Path) -> None:
    for name in (
        "plain.py",
        "package/__init__.py",
        "package/fast.cpython-311.so",
        "other.txt",
        "alone/__init__.py",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    names = ["plain", "package", "package.fast", "package.slow", "other", "sys", "alone"]
    assert innermost(names, tmp_path) == ["plain", "package.fast", "alone"]


def test_parents_come_first_and_once() -> None:
    assert with_parents(["a.b.c", "a.d", "e"]) == ["a", "a.b", "a.b.c", "a.d", "e"]


def test_every_module_that_the_program_imports_is_listed() -> None:
    """What no traced run reached would be missing where it is needed for the first time."""
    own = CHECKOUT / "transcriber"
    imported = {
        name
        for path in own.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imported(node)
    }
    known = {*read_list(MODULES), *sys.builtin_module_names}
    missing = {
        name
        for name in imported
        if name.partition(".")[0] not in {"transcriber", "__future__"} and name not in known
    }
    assert missing == set()


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
