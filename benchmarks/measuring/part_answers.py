"""What the processes that run parts of a model have in common.

Each writes the names of the parts that it was asked for as a line of JSON. Then each line of
standard input names a part, and is answered with its seconds.
"""

from __future__ import annotations

import json
import os
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

AUDIO_SECONDS = 30
SAMPLES_A_SECOND = 16000

ONLY_VARIABLE = "BENCHMARK_PARTS"
"""Names the parts that are wanted, with semicolons between them; all of them when it is not set."""

Measure = Callable[[], float]


def noise() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return the samples of a window, the same for all."""
    drawn = np.random.default_rng(0).normal(0, 0.1, AUDIO_SECONDS * SAMPLES_A_SECOND)
    return drawn.astype(np.float32)


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


def answer(measurements: Mapping[str, Measure]) -> None:
    """Run each part once, to warm up, then answer until standard input ends."""
    # Ctrl-C is for the parent, which ends its children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wanted = os.environ.get(ONLY_VARIABLE)
    names = wanted.split(";") if wanted else list(measurements)
    for name in names:
        measurements[name]()
    print(json.dumps(names), flush=True)
    for line in sys.stdin:
        print(json.dumps(measurements[line.rstrip("\n")]()), flush=True)
