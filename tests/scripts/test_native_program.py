"""The set-up's part of building the native program."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit.errors import ToolError
from buildkit.places import CHECKOUT
from native_build import editions
from scripts import environment, native_program
from scripts.layout import PYTHON

WHEEL = Path("dist/torch.whl")


def record(monkeypatch: pytest.MonkeyPatch, code: int) -> list[list[str]]:
    """Put a program that ends with `code` in the place of the recipe."""
    started: list[list[str]] = []

    def run(command: Sequence[str | Path], *, limit: float) -> int:
        assert limit > 0
        started.append([str(word) for word in command])
        return code

    monkeypatch.setattr(native_program, "provide_detector", lambda _: None)
    monkeypatch.setattr(native_program, "provide_stripped_torch", lambda: WHEEL)
    monkeypatch.setattr(environment, "run", run)
    # Not that of the checkout, which may be building.
    monkeypatch.setattr(native_program, "only_one", contextlib.nullcontext)
    return started


def test_the_program_is_built_of_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    started = record(monkeypatch, 0)
    assert native_program.provide_native_program() == native_program.NATIVE_PROGRAM
    words = started[0]
    assert words[2:] == [str(PYTHON), "-m", "native_build", "--torch", str(WHEEL)]
    folders = words[1].removeprefix("PYTHONPATH=").split(":")
    assert all(
        (Path(folder) / name).is_dir()
        for folder, name in zip(
            folders, ("native_build", "torch_build", "transcriber"), strict=True
        )
    )


def test_a_build_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    record(monkeypatch, 5)
    with pytest.raises(ToolError, match="could not be built, the reason is above"):
        native_program.provide_native_program()


def test_the_lists_are_traced_with_what_the_set_up_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    started = record(monkeypatch, 3)
    assert native_program.trace_modules() == 3
    assert started[0][3:5] == ["-m", "native_build.module_trace"]
    assert "--speech" in started[0]
    assert all(Path(word).is_relative_to(CHECKOUT) for word in started[0][6::2])


def test_the_appimages_of_the_editions(monkeypatch: pytest.MonkeyPatch) -> None:
    started = record(monkeypatch, 0)
    native_program.provide_appimages(["lean"])
    assert started[0][-2:] == ["--appimages", "lean"]


def test_the_addon_is_packed_for_the_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    started = record(monkeypatch, 0)
    native_program.pack_addon()
    assert started[0][2:] == [str(PYTHON), "-m", "native_build.addon", "--torch", str(WHEEL)]
    record(monkeypatch, 8)
    with pytest.raises(ToolError, match="could not be packed, the reason is above"):
        native_program.pack_addon()


def test_the_recipe_knows_the_editions() -> None:
    assert tuple(editions.EDITIONS) == native_program.EDITIONS
    assert tuple(editions.ALL_EDITIONS) == native_program.ALL_EDITIONS
    assert native_program.SMALLEST_APPIMAGE.name == editions.ULTRA_LEAN.appimage
    assert native_program.NATIVE_PROGRAM.parent.name in editions.EDITIONS
