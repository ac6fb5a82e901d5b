"""Other programs that take what they get of the processor, for measurements beside them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_SPIN = (sys.executable, "-I", "-S", "-c", "while True: pass")

_START = 0.3
"""Seconds until they run."""


@contextmanager
def busy_neighbours(count: int) -> Iterator[None]:
    """Keep `count` processes busy while the block runs."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            running.append(subprocess.Popen(_SPIN, stdin=subprocess.DEVNULL))
        if count:
            time.sleep(_START)
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()
