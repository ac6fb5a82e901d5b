"""That the user never wants to be asked for the add-on again, kept for the next starts."""

from __future__ import annotations

import contextlib
from pathlib import Path

from transcriber.errors import StorageError
from transcriber.files import atomic_writer
from transcriber.paths import PROGRAM, config_home

NEVER = "never"


def preference_path() -> Path | None:
    """Return the file that has the answer, or None where there is no home."""
    home = config_home()
    return home / PROGRAM / "cuda" if home else None


def never_wanted() -> bool:
    """Return whether the user has answered that the question is not to come again."""
    path = preference_path()
    try:
        return path is not None and path.read_bytes().strip() == NEVER.encode()
    except OSError:
        return False


def remember_never() -> None:
    """Keep that answer; where that cannot be, the user will be asked once more."""
    path = preference_path()
    if path is not None:
        with contextlib.suppress(StorageError), atomic_writer(path) as stream:
            stream.write(f"{NEVER}\n".encode())


def forget_never() -> None:
    """Drop that answer: who fetches the add-on has changed their mind."""
    path = preference_path()
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink()
