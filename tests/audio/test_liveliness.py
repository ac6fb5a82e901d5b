"""What may be speech, by its loudness."""

from __future__ import annotations

import wave

import numpy as np
import pytest
from utterance import Utterance

from transcriber.audio.liveliness import is_lively

TIMES = np.arange(20 * 16000) / 16000
NOISE = np.random.default_rng(1).normal(size=len(TIMES))

DULL = {
    "silence": 0 * TIMES,
    "tone": 3000 * np.sin(440 * 2 * np.pi * TIMES),
    "hum": 300 * np.sin(50 * 2 * np.pi * TIMES),
    "hiss": 500 * NOISE,
    "faint hiss": 3 * NOISE,
    "fading hiss": 2000 * NOISE * TIMES / 20,
    "one beep": 3000 * np.sin(440 * 2 * np.pi * TIMES) * (TIMES < 5),
    "faint speech": 20 * NOISE * (np.sin(4 * 2 * np.pi * TIMES) > 0),
}


@pytest.mark.parametrize("kind", DULL)
def test_dull(kind: str) -> None:
    assert not is_lively([DULL[kind].astype("<i2").tobytes()])


def test_speech(utterances: list[Utterance]) -> None:
    for utterance in utterances:
        with wave.open(str(utterance.path), "rb") as stream:
            assert is_lively([stream.readframes(stream.getnframes())]), utterance.path


def test_speech_beside_silence(utterances: list[Utterance]) -> None:
    with wave.open(str(utterances[0].path), "rb") as stream:
        speech = stream.readframes(4 * 16000)
    assert is_lively([bytes(2 * 6 * 16000), speech])
    assert is_lively([speech, bytes(2 * 6 * 16000)])


def test_no_more_is_read_than_that_takes() -> None:
    syllables = (500 * NOISE * (np.sin(4 * 2 * np.pi * TIMES) > 0)).astype("<i2").tobytes()
    pieces = iter([bytes(2 * 30 * 16000), syllables, b"", b"rest"])
    assert is_lively(pieces)
    assert list(pieces) == [b"", b"rest"]


def test_too_short_to_tell() -> None:
    assert not is_lively([])
    assert not is_lively([b"\1\0" * 100])
