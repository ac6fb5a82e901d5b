"""What cannot be speech by its energy, and what may be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from quiet_recordings import make

from transcriber.engine import openai_whisper
from transcriber.engine.stillness import Stillness, stillness

openai_whisper.load()

from transcriber.engine.features import LogMelSpectrogram  # noqa: E402

RATE = 16000


def windows(samples: np.ndarray, *, frames: int = 3000, mels: int = 80) -> list[Stillness]:
    """Return what the windows of a recording are."""
    features = LogMelSpectrogram(mels)
    features.read([np.clip(np.round(samples * 32767), -32768, 32767).astype("<i2").tobytes()])
    found = []
    for start in range(0, features.content_frames, frames):
        length = min(frames, features.content_frames - start)
        found.append(stillness(features.window(start, length), length))
    features.close()
    return found


def voice(seconds: float, *, pause: float = 0.3) -> np.ndarray:
    """Return what changes as syllables do."""
    time = np.arange(int(seconds * RATE)) / RATE
    loud = (time % (2 * pause) < pause) * (0.5 + 0.5 * np.sin(9 * time))
    tone = sum(np.sin(2 * np.pi * 140 * n * time) / n for n in range(1, 20))
    return 0.1 * loud * tone


@pytest.mark.parametrize("name", ["silence", "dither"])
@pytest.mark.parametrize("seconds", [0.02, 0.5, 6.0, 35.0])
def test_silence(name: str, seconds: float) -> None:
    assert set(windows(make(name, seconds))) == {Stillness.SILENT}


@pytest.mark.parametrize(
    "name",
    [
        "offset",
        "cassette",
        "white noise, soft",
        "white noise",
        "white noise, loud",
        "pink noise, soft",
        "pink noise",
        "brown noise",
        "brown noise, loud",
        "hum of 50 Hz",
        "hum of 60 Hz",
        "tone of 440 Hz",
        "square wave, clipped",
        "vacuum cleaner",
    ],
)
def test_steady_sounds(name: str) -> None:
    assert set(windows(make(name, 10.0))) == {Stillness.STEADY}


@pytest.mark.parametrize("seconds", [1.0, 3.0, 30.0])
@pytest.mark.parametrize("loudness", [1.0, 0.01])
def test_what_changes_may_be_speech(seconds: float, loudness: float) -> None:
    assert set(windows(loudness * voice(seconds))) == {Stillness.LIVELY}


@pytest.mark.parametrize("seconds", [1.0, 30.0])
@pytest.mark.parametrize("steps", [1, 2, 5])
@pytest.mark.parametrize("mels", [80, 128])
def test_the_softest_that_16_bits_can_hold_may_be_speech(
    seconds: float, steps: int, mels: int
) -> None:
    samples = voice(seconds)
    samples *= steps / 32767 / np.abs(samples).max()
    assert Stillness.SILENT not in windows(samples, mels=mels)


@pytest.mark.parametrize("mels", [80, 128])
def test_long_dither_is_silence(mels: int) -> None:
    assert set(windows(make("dither", 120.0), mels=mels)) == {Stillness.SILENT}


def test_what_is_said_in_noise_may_be_speech() -> None:
    noise = np.random.default_rng(1).normal(size=5 * RATE) * 0.01
    assert set(windows(noise)) == {Stillness.STEADY}
    assert set(windows(noise + voice(5.0))) == {Stillness.LIVELY}


def test_a_word_in_silence_may_be_speech() -> None:
    samples = np.zeros(30 * RATE)
    samples[20 * RATE : 20 * RATE + RATE // 2] = voice(0.5)
    assert windows(samples) == [Stillness.LIVELY]
    # The rest of such a recording is silent, though the word raises the floor.
    parts = windows(samples, frames=500)
    assert parts.count(Stillness.LIVELY) == 1
    assert parts.count(Stillness.SILENT) == 5


@pytest.mark.parametrize("frames", [7, 30, 99])
def test_a_short_part_may_be_a_vowel(frames: int) -> None:
    mel = torch.rand(80, 3000) * 0.1
    assert stillness(mel, frames) is Stillness.LIVELY
    assert stillness(mel, 100) is Stillness.STEADY


def test_the_ends_of_a_window_do_not_count() -> None:
    mel = torch.zeros(80, 3000)
    mel[:, 0] = 1.0
    mel[:, 499] = 1.0
    assert stillness(mel, 500) is Stillness.SILENT
    mel[:, 200] = 1.0
    assert stillness(mel, 500) is Stillness.LIVELY
