"""Compile a folder with a recipe for CMake, always the same way."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from buildkit.capture import capture
from buildkit.compiler_wrapper import without_own_flags
from buildkit.files import make_directory
from buildkit.toolchain import Toolchain


def compile_target(
    recipe: Path,
    target: str,
    build: Path,
    *,
    tools: Toolchain,
    definitions: Mapping[str, str | Path],
) -> Path:
    """Compile `target` of the recipe in the folder `recipe`.

    Parameters
    ----------
    recipe : Path
        The folder with ``CMakeLists.txt``.
    target : str
        What to compile; also the name of the file that it gives.
    build : Path
        Folder for the objects; made where it is missing.
    tools : Toolchain
        The compiler and what belongs to it.
    definitions : mapping of str to str or Path
        Variables of the recipe.

    Returns
    -------
    Path
        The file that was made.

    Raises
    ------
    ToolError
        When a tool fails, with the end of what it printed.
    """
    variables = {
        "CMAKE_MAKE_PROGRAM": tools.ninja,
        "CMAKE_C_COMPILER": tools.cc,
        "CMAKE_C_COMPILER_LAUNCHER": tools.ccache,
        "LINKER": tools.linker,
        **definitions,
    }
    options = [f"-D{name}={value}" for name, value in variables.items()]
    _forget_others(build, "\n".join([tools.toolchain_key(), *options]))
    environment = {**tools.environment, **without_own_flags()}
    capture(
        [tools.cmake, "-G", "Ninja", "-S", recipe, "-B", build, *options],
        environment=environment,
    )
    jobs = str(os.cpu_count() or 1)
    capture(
        [tools.cmake, "--build", build, "--target", target, "--parallel", jobs],
        environment=environment,
    )
    return build / target


def _forget_others(build: Path, made_by: str) -> None:
    """Empty the folder `build` where something else made it.

    CMake cannot change the compiler of a folder without losing what else it was told.
    """
    stamp = build / "made-by.txt"
    if stamp.is_file() and stamp.read_text() == made_by:
        return
    shutil.rmtree(build, ignore_errors=True)
    make_directory(build)
    stamp.write_text(made_by)
