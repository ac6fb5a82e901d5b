"""Times as people read them, and a clock that only goes forward."""

from __future__ import annotations

import time
from collections.abc import Callable


def clock(seconds: float) -> str:
    """Return a time as ``m:ss``, or ``h:mm:ss`` from one hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def stopwatch() -> Callable[[], float]:
    """Return a function that tells the seconds since now."""
    start = time.monotonic()
    return lambda: time.monotonic() - start
