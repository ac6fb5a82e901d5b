"""Where the program keeps what outlives a run, as the XDG base directory specification has it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PROGRAM = "whisper-transcriber"


def cache_home() -> Path:
    """Return the user's cache folder, or a private temporary one where there is no home.

    `$XDG_CACHE_HOME` counts when it is absolute (the specification says to
    ignore it otherwise), then `~/.cache`. A container without `HOME` and
    without a user entry has neither.
    """
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if configured.is_absolute():
        return configured
    try:
        home = Path.home()
    except RuntimeError:
        home = Path("/")
    if home == Path("/"):
        return Path(tempfile.gettempdir()) / f"{PROGRAM}-{os.getuid()}"
    return home / ".cache"


def config_home() -> Path | None:
    """Return the user's folder of settings, or None where there is no home.

    `$XDG_CONFIG_HOME` counts when it is absolute, then `~/.config`.
    """
    configured = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    if configured.is_absolute():
        return configured
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ".config" if home != Path("/") else None


def model_directory() -> Path:
    """Return the folder of the models: openai-whisper's own, so that both share the files."""
    return cache_home() / "whisper"


def program_cache() -> Path:
    """Return the folder of what can be computed again, such as a device probe's result."""
    return cache_home() / PROGRAM
