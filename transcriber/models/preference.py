"""The model that the user chose at the first start, kept for the next ones."""

from __future__ import annotations

import contextlib
from pathlib import Path

from transcriber.errors import StorageError
from transcriber.files import atomic_writer
from transcriber.paths import PROGRAM, config_home

_LONGEST = 100
"""Bytes that are read: a name has far less."""


def preference_path() -> Path | None:
    """Return the file that has the name of the model, or None where there is no home."""
    home = config_home()
    return home / PROGRAM / "model" if home else None


def remembered_model() -> str | None:
    """Return the name of the chosen model; None where none was chosen or there is none such."""
    path = preference_path()
    if path is None:
        return None
    try:
        with path.open("rb") as stream:
            name = stream.read(_LONGEST).decode().strip()
    except (OSError, ValueError):
        return None
    # Whoever never chose need not wait for the list of models.
    from transcriber.models.registry import find_official  # noqa: PLC0415

    official = find_official(name)
    return official.name if official else None


def remember_model(name: str) -> None:
    """Keep the name of a model; where that cannot be, the user will be asked once more."""
    path = preference_path()
    if path is not None:
        with contextlib.suppress(StorageError), atomic_writer(path) as stream:
            stream.write(f"{name}\n".encode())
