"""Sound at the rate at which it is heard."""

from __future__ import annotations

import random

import numpy as np
import pytest

from transcriber.speech.resampling import Resampler
from transcriber.speech.weights import Array


def tone(hertz: float, rate: int) -> Array:
    return np.sin(2 * np.pi * hertz * np.arange(rate) / rate).astype(np.float32)


def loudness(samples: Array) -> float:
    """Return decibels below a full sine, without the beginning."""
    return float(20 * np.log10(np.sqrt(2 * np.mean(samples[500:] ** 2)) + 1e-9))


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
@pytest.mark.parametrize("hertz", [80, 1000, 3000])
def test_speech_stays_as_it_is(rate: int, hertz: int) -> None:
    made = Resampler(rate).resampled(tone(hertz, rate))
    assert len(made) == 16000
    assert abs(loudness(made)) < 0.1
    # It is the same tone.
    heights = np.abs(np.fft.rfft(made * np.hanning(len(made))))
    assert int(heights.argmax()) == hertz


@pytest.mark.parametrize(("rate", "hertz"), [(24000, 9500), (24000, 11500), (48000, 12000)])
def test_what_the_rate_cannot_have_is_no_other_tone(rate: int, hertz: int) -> None:
    assert loudness(Resampler(rate).resampled(tone(hertz, rate))) < -40


@pytest.mark.parametrize("rate", [8000, 24000])
def test_blocks_of_any_sizes_give_the_same(rate: int) -> None:
    chance = random.Random(rate)
    samples = np.random.default_rng(rate).normal(size=rate).astype(np.float32)
    together = Resampler(rate).resampled(samples)
    resampler, pieces, at = Resampler(rate), [], 0
    while at < len(samples):
        size = chance.randrange(1000)
        pieces.append(resampler.resampled(samples[at : at + size]))
        at += size
    np.testing.assert_allclose(np.concatenate(pieces), together, atol=1e-5)
