"""The form that the weights are kept in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scripts.detector import pack
from transcriber.errors import DependencyError
from transcriber.speech import weights
from transcriber.speech.weights import BITS, SHAPES, Array, unpack

REMEDY = "install the program again"


@pytest.fixture(scope="module")
def plain() -> dict[str, Array]:
    chance = np.random.default_rng(1)
    return {
        name: chance.normal(scale=chance.uniform(0.1, 10), size=shape).astype(np.float32)
        for name, shape in SHAPES.items()
    }


def test_weights_keep_eleven_bits(plain: dict[str, Array]) -> None:
    found = unpack(pack(plain))
    assert list(found) == list(SHAPES)
    for name, weight in found.items():
        assert weight.dtype == np.float32
        assert weight.shape == SHAPES[name]
        if weight.ndim == 1:
            assert weight.tolist() == plain[name].tolist()
            continue
        rows = plain[name].reshape(len(weight), -1)
        # One bit is the sign.
        steps = np.abs(rows).max(1, keepdims=True) / (2 ** (BITS - 1) - 1)
        assert (np.abs(weight.reshape(rows.shape) - rows) <= 0.501 * steps).all()


def test_weights_take_a_byte_and_a_half(plain: dict[str, Array]) -> None:
    counts = {name: math.prod(shape) for name, shape in SHAPES.items()}
    integers = sum(counts[name] for name, shape in SHAPES.items() if len(shape) > 1)
    scales = sum(shape[0] for shape in SHAPES.values())
    assert len(pack(plain)) == integers * 3 // 2 + scales * 4


def test_the_same_weights_give_the_same_file(plain: dict[str, Array]) -> None:
    content = pack(plain)
    assert pack(unpack(content)) == content


@pytest.mark.parametrize("change", [b"", b"\0"])
def test_a_file_of_another_length_is_damaged(plain: dict[str, Array], change: bytes) -> None:
    content = pack(plain)
    damaged = content + change if change else content[:-1]
    with pytest.raises(DependencyError, match=f"are damaged: {REMEDY}"):
        unpack(damaged)


def test_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "FILE", "nothing.bin")
    with pytest.raises(DependencyError, match=rf"are missing \(.*nothing\.bin.*\): {REMEDY}"):
        weights.read_weights()


def test_the_file_of_the_program_is_whole() -> None:
    assert all(np.isfinite(weight).all() for weight in weights.read_weights().values())
