"""Recordings, and what the package says of them."""

from __future__ import annotations

import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from transcriber import operators
from transcriber.speech.network import FusedNetwork, PlainNetwork
from transcriber.speech.weights import Array

Form = type[PlainNetwork] | type[FusedNetwork]

GOLDEN = Path(__file__).with_name("golden.txt")
"""Made by make_golden.py."""

NETWORKS = [
    PlainNetwork,
    pytest.param(
        FusedNetwork,
        marks=pytest.mark.skipif(
            not operators.available(), reason="this PyTorch has none of the fused operators"
        ),
    ),
]


SAME: Mapping[Form, float] = {PlainNetwork: 1e-5, FusedNetwork: 0}
"""How far apart answers are to blocks of other sizes: the operator's differ in no digit."""


def samples_of(path: Path) -> Array:
    with wave.open(str(path)) as stream:
        content = stream.readframes(stream.getnframes())
    return np.frombuffer(content, "<i2").astype(np.float32) / np.float32(32768)


def golden() -> dict[str, Array]:
    """Return the probabilities of each frame, by the names of the recordings."""
    found: dict[str, list[float]] = {}
    for line in GOLDEN.read_text().splitlines()[1:]:
        if line.endswith(".wav"):
            numbers = found.setdefault(line, [])
        else:
            numbers.extend(map(float, line.split()))
    return {name: np.array(numbers, np.float32) for name, numbers in found.items()}
