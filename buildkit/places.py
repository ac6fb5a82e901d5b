"""Where the checkout is, and what outlives it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The repository's folder."""

BUILD_CACHE_VARIABLE = "TRANSCRIBER_BUILD_CACHE"

_NAME = "whisper-transcriber"
"""The repository's folder in the user's cache."""


def build_cache() -> Path:
    """Return the folder of downloads that outlive a checkout: that of the variable, or the user's.

    Wheels are not in it: pip keeps those in a cache of its own.
    """
    configured = os.environ.get(BUILD_CACHE_VARIABLE)
    return Path(configured).absolute() if configured else _cache_home() / _NAME / "build"


def _cache_home() -> Path:
    """Return the user's cache folder, as the XDG base directory specification has it.

    A container's user may have no home; then it is a private folder for temporary files.
    """
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if configured.is_absolute():
        return configured
    try:
        home = Path.home()
    except RuntimeError:
        home = Path()
    if home.is_absolute() and home != Path("/") and home.is_dir():
        return home / ".cache"
    return Path(tempfile.gettempdir(), f"{_NAME}-{os.getuid()}")
