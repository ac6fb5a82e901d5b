"""Recordings, and what is said in them.

pytest loads each ``conftest.py`` by itself: no class that tests compare with can be in one.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Utterance:
    """A recording and what is said in it."""

    path: Path
    seconds: float
    reference: str


def repeat(utterances: Sequence[Utterance], path: Path, *, times: int) -> None:
    """Write the utterances one behind the other, again and again."""
    with wave.open(str(path), "wb") as long:
        for _ in range(times):
            for utterance in utterances:
                with wave.open(str(utterance.path), "rb") as part:
                    if not long.tell():
                        long.setparams(part.getparams())
                    long.writeframes(part.readframes(part.getnframes()))
