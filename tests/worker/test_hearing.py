"""The process that hears speech, for real."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from speech.heard import samples_of
from utterance import Utterance

from transcriber.speech.changes import Change
from transcriber.speech.detector import SpeechDetector
from transcriber.speech.network import FRAME, make_network
from transcriber.speech.spans import SpeechSettings, find_speech
from transcriber.speech.weights import read_weights
from transcriber.worker.ears import Ears, frame_bytes

SILENCE_MS = 512
FEW = 3
"""Frames: the sound is late by a millisecond, and its upper tenth is damped."""


@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_speech_is_where_recordings_have_it(rate: int, utterances: list[Utterance]) -> None:
    samples = np.concatenate([samples_of(utterances[0].path), np.zeros(2 * 16000, np.float32)])
    detector = SpeechDetector(make_network(read_weights()))
    detector.hear(samples)
    settings = SpeechSettings(min_silence_ms=SILENCE_MS - 32, pad_ms=0)
    expected = find_speech(detector.probabilities().tolist(), len(samples), settings)
    ear = Ears().open(rate, threshold=0.5, silence_ms=SILENCE_MS)
    at = np.arange(0, len(samples), 16000 / rate)
    sound = (np.interp(at, np.arange(len(samples)), samples) * 32767).astype("<i2").tobytes()
    whole = len(sound) // frame_bytes(rate) * frame_bytes(rate)
    begun, spans = 0, []
    for number, (_, change) in enumerate(ear.hear(sound[:whole])):
        if change is Change.BEGUN:
            begun = number
        elif change is Change.OVER:
            spans.append((begun, number + 1 - SILENCE_MS // 32))
    ear.close()
    assert len(spans) == len(expected) > 0
    for found, span in zip(spans, expected, strict=True):
        assert abs(found[0] - span.start // FRAME) <= FEW
        assert abs(found[1] - span.end // FRAME) <= FEW


def test_nothing_is_kept_of_a_sound_that_is_closed(utterances: list[Utterance]) -> None:
    samples = samples_of(utterances[0].path)[: 16000 // 512 * 2 * 512]
    sound = (samples * 32767).astype("<i2").tobytes()
    heard = Ears()
    one, other = (heard.open(16000, threshold=0.5, silence_ms=10_000) for _ in range(2))
    for _ in range(2):
        # The number is the same, and so is what is heard.
        assert Change.BEGUN in [change for _, change in one.hear(sound)]
        one.close()
    other.close()


def test_it_ends_when_nobody_asks() -> None:
    command = [sys.executable, "-P", "-m", "transcriber", "__hear__"]
    done = subprocess.run(command, input=b"", capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
