"""What the processes that run parts of a model have in common.

Each is started with the names of parts, writes a line when it has run all of them once, and then
answers each line of standard input, which names a part, with its seconds.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

DECODER_STEPS = 10
"""Steps in one measurement of the decoder, of which the mean is taken."""

WINDOW_STEPS = 100
"""Tokens of a window: about what is said in it."""

SEPARATOR = ";"
"""Between the names of parts, on the command line."""

_SAMPLES = 30 * 16000

Measure = Callable[[], float]


def noise() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the samples of a window, the same for all."""
    return np.random.default_rng(0).normal(0, 0.1, _SAMPLES).astype(np.float32)


def segment() -> Any:
    """Return a segment of a window, of which words are to be timed."""
    # Letters, of which each vocabulary has the same numbers.
    tokens = [32 + number % 26 for number in range(60)]
    return {"id": 0, "seek": 0, "start": 0.0, "end": 30.0, "text": "", "tokens": tokens}


def timed(work: Callable[[], object]) -> Measure:
    """Return what runs `work` and returns its seconds."""

    def measure() -> float:
        begin = time.perf_counter()
        work()
        return time.perf_counter() - begin

    return measure


def answer(measurements: Mapping[str, Measure], wanted: str) -> None:
    """Run each wanted part once, to warm up, then answer until standard input ends."""
    # Ctrl-C is for the parent, which ends its children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in wanted.split(SEPARATOR):
        measurements[name]()
    print("ready", flush=True)
    for line in sys.stdin:
        print(measurements[line.rstrip("\n")](), flush=True)
