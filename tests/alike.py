"""Transcripts that two ways of computing made: equal but for the last digits of probabilities."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

TOLERANCE = 2e-3
"""By how much PyTorches of different versions, or with different libraries for matrices, may
differ in a logarithm of a probability."""

_NEARLY = {"avg_logprob", "no_speech_prob", "probability"}


def same(one: Any, other: Any, name: str = "") -> bool:
    """Whether two transcripts are equal: text, tokens and times always, probabilities nearly."""
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key], key) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if name in _NEARLY:
        return bool(one == pytest.approx(other, rel=TOLERANCE, abs=TOLERANCE))
    return bool(one == other)


def same_files(found: Mapping[str, bytes], expected: Mapping[str, bytes]) -> bool:
    """Whether output files are equal to the last bit, those in JSON as `same` has it."""
    return found.keys() == expected.keys() and all(
        same(json.loads(found[name]), json.loads(content))
        if name.endswith(".json")
        else found[name] == content
        for name, content in expected.items()
    )
