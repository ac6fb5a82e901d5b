"""What the build makes of the options for terminals: the manual, and completion for shells."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from transcriber.beside import file_beside
from transcriber.errors import DependencyError

FOLDER = "terminal"
"""Where they are, beside the executable."""

MANUAL = "transcriber.1"

COMPLETIONS: Mapping[str, str] = {
    "bash": "transcriber.bash",
    "zsh": "_transcriber",
    "fish": "transcriber.fish",
}
"""The file of each shell, with the name that it looks for."""


def terminal_file(name: str) -> Path:
    """Return the file of this name.

    Raises
    ------
    DependencyError
        When the program runs from its sources, or the file is missing.
    """
    path = file_beside(f"{FOLDER}/{name}")
    if path is None:
        raise DependencyError(
            f"{FOLDER}/{name} is a part of the built program, and not here",
            "a checkout makes it: PYTHONPATH=native-build .venv/bin/python -m "
            f"native_build.terminal_files {FOLDER}",
        )
    return path
