"""The native program, which needs no Python: built by the recipe in native-build/."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from scripts.commands import HOUR, run
from scripts.layout import (
    CHECKOUT,
    CHECKPOINTS,
    DISTRIBUTION,
    MODELS,
    NATIVE,
    PYTHON,
    RECIPE,
    SPEECH,
)
from scripts.torch_environments import provide_stripped_torch
from transcriber.errors import DependencyError

NATIVE_PROGRAM = CHECKOUT / "build/native/program/ultra-lean/transcriber.bin"

SMALLEST_APPIMAGE = DISTRIBUTION / "transcriber-ultra-lean-x86_64.AppImage"

EDITIONS = ("ultra-lean", "lean")
"""The recipe's names of what is given away."""


def provide_native_program() -> Path:
    """Build the native program, or as much of it as has changed.

    Returns
    -------
    Path
        Its executable.

    Raises
    ------
    TranscriberError
        When what it is built from cannot be had.
    DependencyError
        When it cannot be built; what went wrong was printed.
    """
    _build()
    return NATIVE_PROGRAM


def provide_appimages(editions: Sequence[str] = EDITIONS) -> None:
    """Build the AppImages into the folder for what is given away.

    Raises
    ------
    TranscriberError
        When what they are built from cannot be had.
    DependencyError
        When they cannot be built; what went wrong was printed.
    """
    _build("--appimages", *editions)


def trace_modules() -> int:
    """Write the lists of modules and files that the program uses, and return the exit code."""
    places = ("--models", MODELS, "--checkpoints", CHECKPOINTS, "--speech", SPEECH)
    return _recipe("native_build.module_trace", *places)


def _build(*words: str) -> None:
    wheel = provide_stripped_torch()
    if _recipe("native_build", "--torch", wheel, *words):
        raise DependencyError(
            "the native program could not be built, the reason is above",
            "mend that, then give the same command again: it goes on where it stopped",
        )


def _recipe(module: str, *words: str | Path) -> int:
    paths = os.pathsep.join(map(str, (NATIVE, RECIPE, CHECKOUT)))
    return run(["env", f"PYTHONPATH={paths}", PYTHON, "-m", module, *words], limit=4 * HOUR)
