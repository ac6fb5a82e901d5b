"""Tell whoever waits for a build which stage it is at, and for how long already."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from buildkit.commands import say

_SECONDS_ON_A_TERMINAL, _SECONDS_IN_A_LOG = 1.0, 60.0
"""Between two signs of life: a clock that ticks, and no more lines than one reads."""


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Say when a stage begins, that it goes on, and how long it took.

    Parameters
    ----------
    name : str
        What is built and which stage it is: ``native: python``.
    """
    start = time.monotonic()
    say(f"{name} ...")
    ended = threading.Event()
    clock = threading.Thread(target=_tell, args=(name, start, ended), daemon=True)
    clock.start()
    try:
        yield
    finally:
        ended.set()
        clock.join()
    say(f"{name} took {time.monotonic() - start:.1f} s")


def _tell(name: str, start: float, ended: threading.Event) -> None:
    terminal = sys.stderr.isatty()
    pause = _SECONDS_ON_A_TERMINAL if terminal else _SECONDS_IN_A_LOG
    told = False
    while not ended.wait(pause):
        seconds = time.monotonic() - start
        if terminal:
            print(f"\r  {name}: {seconds:.0f} s", end="", file=sys.stderr, flush=True)
            told = True
        else:
            say(f"{name}: {seconds:.0f} s so far")
    if told:
        # Back to the start of an empty line.
        print("\r\033[K", end="", file=sys.stderr, flush=True)
