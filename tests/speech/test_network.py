"""The network in its two forms."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from utterance import Utterance

from transcriber import operators
from transcriber.speech.network import (
    CONTEXT,
    FRAME,
    FusedNetwork,
    PlainNetwork,
    fourier_basis,
    make_network,
)
from transcriber.speech.weights import Array

from .heard import NETWORKS, SAME, Form, samples_of


def whole_frames(samples: Array) -> Array:
    """Return samples as the networks take them, what is left of the last frame cut off."""
    frames = len(samples) // FRAME
    return np.pad(samples[: frames * FRAME], (CONTEXT, 0))


@pytest.mark.skipif(not operators.available(), reason="this PyTorch has no fused operators")
def test_both_forms_hear_the_same(
    weights: Mapping[str, Array], utterances: list[Utterance]
) -> None:
    for utterance in utterances:
        samples = whole_frames(samples_of(utterance.path))
        fused, plain = FusedNetwork(weights), PlainNetwork(weights)
        np.testing.assert_allclose(fused.listen(samples), plain.listen(samples), atol=1e-5)


@pytest.mark.parametrize("form", NETWORKS)
@pytest.mark.parametrize("frames", [1, 3, 100, 257])
def test_what_was_heard_before_is_remembered(
    form: Form, frames: int, weights: Mapping[str, Array], utterances: list[Utterance]
) -> None:
    samples = whole_frames(np.concatenate([samples_of(one.path) for one in utterances[:2]]))
    expected = form(weights).listen(samples)
    assert len(expected) == (len(samples) - CONTEXT) // FRAME > 257
    network, step = form(weights), frames * FRAME
    parts = [
        network.listen(samples[start : start + CONTEXT + step])
        for start in range(0, len(samples) - CONTEXT, step)
    ]
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=0, atol=SAME[form])


@pytest.mark.parametrize("form", NETWORKS)
def test_nobody_speaks_in_silence_or_noise(form: Form, weights: Mapping[str, Array]) -> None:
    noise = np.random.default_rng(1).normal(scale=0.01, size=40 * FRAME).astype(np.float32)
    for samples in (np.zeros_like(noise), noise):
        heard = form(weights).listen(whole_frames(samples))
        assert heard.shape == (40,)
        assert (heard < 0.35).all()


@pytest.mark.parametrize("form", NETWORKS)
@pytest.mark.parametrize("level", [1.0, 1000.0])
def test_loud_samples_give_probabilities(
    form: Form, level: float, weights: Mapping[str, Array]
) -> None:
    heard = form(weights).listen(np.full(CONTEXT + 5 * FRAME, level, np.float32))
    assert ((heard >= 0) & (heard <= 1)).all()


def test_the_basis_is_that_of_fourier() -> None:
    samples = np.random.default_rng(1).normal(size=256)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(256) / 256)
    expected = np.fft.rfft(samples * hann)
    real, imaginary = np.split(fourier_basis() @ samples, 2)
    np.testing.assert_allclose(real, expected.real, atol=1e-4)
    np.testing.assert_allclose(imaginary, expected.imag, atol=1e-4)


def test_the_operator_is_taken_where_there_is_one(weights: Mapping[str, Array]) -> None:
    expected = FusedNetwork if operators.available() else PlainNetwork
    assert type(make_network(weights)) is expected
