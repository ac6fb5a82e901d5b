"""Where the program keeps what outlives a run, as the XDG base directory specification has it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PROGRAM = "whisper-transcriber"

NO_HOME = "/nonexistent"
"""What Debian enters as the home of an account that has none."""


def cache_home() -> Path:
    """Return the user's cache folder, or a private temporary one where there is no home.

    `$XDG_CACHE_HOME` counts when it is absolute (the specification says to
    ignore it otherwise), then `~/.cache`.
    """
    configured = _configured("XDG_CACHE_HOME")
    if configured is not None:
        return configured
    home = _home()
    if home is None:
        return Path(tempfile.gettempdir()) / f"{PROGRAM}-{os.getuid()}"
    return home / ".cache"


def config_home() -> Path | None:
    """Return the user's folder of settings, or None where there is no home.

    `$XDG_CONFIG_HOME` counts when it is absolute, then `~/.config`.
    """
    configured = _configured("XDG_CONFIG_HOME")
    if configured is not None:
        return configured
    home = _home()
    return home / ".config" if home else None


def data_home() -> Path:
    """Return the user's folder of data, or a private temporary one where there is no home.

    `$XDG_DATA_HOME` counts when it is absolute, then `~/.local/share`.
    """
    configured = _configured("XDG_DATA_HOME")
    if configured is not None:
        return configured
    home = _home()
    return cache_home() if home is None else home / ".local" / "share"


def program_data() -> Path:
    """Return the folder of what the user must not lose, such as jobs with their transcripts."""
    return data_home() / PROGRAM


def model_directory() -> Path:
    """Return the folder of the models: openai-whisper's own, so that both share the files."""
    return cache_home() / "whisper"


def program_cache() -> Path:
    """Return the folder of what can be computed again, such as a device probe's result."""
    return cache_home() / PROGRAM


def _configured(variable: str) -> Path | None:
    """Return the folder that a variable names; None where it lies in a home that does not exist."""
    path = Path(os.environ.get(variable, ""))
    homes = {os.environ.get("HOME", ""), NO_HOME} - {"", "/"}
    missing = [home for home in homes if not os.path.isdir(home)]
    return path if path.is_absolute() and not any(map(path.is_relative_to, missing)) else None


def _home() -> Path | None:
    """Return the user's home; None where there is none, which is then not made either.

    A container without `HOME` and without a user entry has none. A system's account is given a
    folder that does not exist, such as `/nonexistent`, which root could make.
    """
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() and home != Path("/") and os.path.isdir(home) else None
