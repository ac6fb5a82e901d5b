"""Time a window of the models whose weights cannot be had, with random ones of their size."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks.figures import Series
from benchmarks.measuring.parts import (
    FUSED,
    OF_OPENAI_WHISPER,
    OF_THE_ENGINE,
    STOCK,
    PartChild,
    in_turns,
)
from benchmarks.peers.random_weights import write_random
from buildkit.files import make_directory
from scripts.layout import PEERS_PYTHON, PEERS_WEIGHTS, PYTHON, STOCK_PYTHON

PEER = "faster-whisper int8"

_WINDOW = ("window",)
_OF_CTRANSLATE2 = "benchmarks.peers.ctranslate2_part_child"


def measure_larger(size: str, threads: tuple[str, int], rounds: int) -> list[Series]:
    """Time a window with a fixed number of tokens, each program's weights loaded before.

    Parameters
    ----------
    size : str
        openai-whisper's name of one of its models.
    threads : tuple of str and int
        What the figures call this number of threads, and the number.
    rounds : int
        How often each program does it.
    """
    name, count = threads
    # Gigabytes, made in less time than they take to be measured: they are not kept.
    make_directory(PEERS_WEIGHTS)
    with tempfile.TemporaryDirectory(dir=PEERS_WEIGHTS) as folder, ExitStack() as stack:
        openai, ctranslate2 = write_random(size, Path(folder))
        children = {
            subject: stack.enter_context(PartChild(python, weights, count, child, _WINDOW))
            for subject, python, weights, child in (
                (STOCK, STOCK_PYTHON, openai, OF_OPENAI_WHISPER),
                (FUSED, PYTHON, openai, (OF_THE_ENGINE, "auto")),
                (PEER, PEERS_PYTHON, ctranslate2, (_OF_CTRANSLATE2, "int8")),
            )
        }
        return in_turns(children, "window", rounds, f"part/window of {size}/{name}")
