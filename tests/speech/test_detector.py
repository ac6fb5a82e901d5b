"""What is heard of a recording, against what the package hears."""

from __future__ import annotations

import random
from collections.abc import Mapping

import numpy as np
import pytest
from conftest import SPEECH
from utterance import Utterance

from transcriber.speech.detector import SpeechDetector
from transcriber.speech.network import CONTEXT, FRAME, Network
from transcriber.speech.weights import Array

from .heard import NETWORKS, SAME, Form, golden, samples_of

ROUNDING = 0.03
"""What eleven bits change at most: with the package's own weights, 0.00001."""


def hear(network: Network, *blocks: Array) -> Array:
    detector = SpeechDetector(network)
    for block in blocks:
        detector.hear(block)
    return detector.probabilities()


@pytest.mark.parametrize("form", NETWORKS)
@pytest.mark.parametrize("recording", golden())
def test_the_package_hears_the_same(
    form: Form, recording: str, weights: Mapping[str, Array], utterances: list[Utterance]
) -> None:
    assert SPEECH / recording in {one.path for one in utterances}
    heard, expected = hear(form(weights), samples_of(SPEECH / recording)), golden()[recording]
    np.testing.assert_allclose(heard, expected, atol=ROUNDING)
    for threshold in (0.5, 0.35):
        certain = np.abs(expected - threshold) > ROUNDING
        assert certain.mean() > 0.9
        assert ((heard >= threshold) == (expected >= threshold))[certain].all()


@pytest.mark.parametrize("form", NETWORKS)
@pytest.mark.parametrize("largest", [100, 1000, 20000])
def test_blocks_of_any_sizes_give_the_same(
    form: Form, largest: int, weights: Mapping[str, Array], utterances: list[Utterance]
) -> None:
    samples = samples_of(utterances[0].path)[: 70 * FRAME + 123]
    chance = random.Random(largest)
    blocks, at = [], 0
    while at < len(samples):
        size = chance.randrange(largest)
        blocks.append(samples[at : at + size])
        at += size
    together = hear(form(weights), samples)
    assert len(together) == 71
    apart = hear(form(weights), *blocks)
    np.testing.assert_allclose(apart, together, rtol=0, atol=SAME[form])


@pytest.mark.parametrize("form", NETWORKS)
def test_silence_fills_up_the_last_frame(form: Form, weights: Mapping[str, Array]) -> None:
    noise = np.random.default_rng(1).normal(size=3 * FRAME).astype(np.float32)
    part = noise[: 2 * FRAME + 1]
    filled = np.pad(part, (0, FRAME - 1))
    heard = hear(form(weights), part)
    np.testing.assert_allclose(heard, hear(form(weights), filled), rtol=0, atol=SAME[form])


@pytest.mark.parametrize("form", NETWORKS)
def test_nothing_was_heard(form: Form, weights: Mapping[str, Array]) -> None:
    for blocks in ([], [np.empty(0, np.float32)]):
        assert hear(form(weights), *blocks).shape == (0,)


class Scripted:
    """Hears what a script says, and notes when it forgets."""

    def __init__(self, script: Array) -> None:
        self.script = script
        self.place = 0
        self.forgot: list[int] = []

    def listen(self, samples: Array) -> Array:
        count = (len(samples) - CONTEXT) // FRAME
        self.place += count
        return self.script[self.place - count : self.place]

    def forget(self) -> None:
        self.forgot.append(self.place)


@pytest.mark.parametrize("block", [1000, 16000, 512 * 700])
def test_what_was_no_speech_is_forgotten_after_8_seconds(block: int) -> None:
    """Loud music fills the network's memory, and speech behind it would be heard too late."""
    script = np.zeros(1100, np.float32)
    script[300] = 0.2
    script[760:800] = 0.19
    network = Scripted(script)
    samples = np.zeros(1100 * FRAME, np.float32)
    heard = hear(network, *np.split(samples, range(block, len(samples), block)))
    assert heard.tolist() == script.tolist()
    assert network.forgot == [250, 750, 1000]


@pytest.mark.parametrize("form", NETWORKS)
def test_what_was_forgotten_does_not_count(
    form: Form, weights: Mapping[str, Array], utterances: list[Utterance]
) -> None:
    samples = samples_of(utterances[0].path)
    network = form(weights)
    first = hear(network, samples)
    assert not np.array_equal(hear(network, samples), first)
    network.forget()
    assert np.array_equal(hear(network, samples), first)
