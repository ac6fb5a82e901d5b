"""How many tokens of two transcripts differ."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from pathlib import Path


def tokens_of(path: Path) -> list[int]:
    """Return the tokens of a transcript, the program's JSON file."""
    segments = json.loads(path.read_text("utf-8"))["segments"]
    return [token for segment in segments for token in segment["tokens"]]


def differing(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens have to be put in, taken out or changed to get the other."""
    matcher = difflib.SequenceMatcher(a=one, b=other, autojunk=False)
    return sum(
        max(end - start, stop - begin)
        for kind, start, end, begin, stop in matcher.get_opcodes()
        if kind != "equal"
    )
