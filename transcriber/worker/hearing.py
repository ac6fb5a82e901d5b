"""The process that hears where somebody speaks in sounds that are still coming in.

It is not the one that decodes: that one comes and goes with its jobs, and is busy with them. The
server itself has neither PyTorch nor numpy.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import IO

import numpy as np

from transcriber.speech.detector import SpeechDetector
from transcriber.speech.network import Network, make_network
from transcriber.speech.resampling import Resampler
from transcriber.speech.spans import SpeechSettings
from transcriber.speech.turns import Turns
from transcriber.speech.weights import read_weights
from transcriber.worker.ears import HEAD


def main(_: Sequence[str] = ()) -> int:
    """Answer on standard output what changes in the sounds that come on standard input.

    Returns
    -------
    int
        The exit code: 0 when nothing more comes.
    """
    # What a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    with answers, open(os.dup(0), "rb") as stream:
        _serve(stream, answers)
    return 0


def _serve(stream: IO[bytes], answers: IO[bytes]) -> None:
    weights = read_weights()
    sounds: dict[int, _Sound] = {}
    while len(head := stream.read(HEAD.size)) == HEAD.size:
        number, size, rate, threshold, silence_ms = HEAD.unpack(head)
        if not size:
            sounds.pop(number, None)
            continue
        if number not in sounds:
            settings = SpeechSettings(threshold=threshold, min_silence_ms=silence_ms)
            sounds[number] = _Sound(make_network(weights), rate, settings)
        answers.write(sounds[number].changes(stream.read(size)))


class _Sound:
    def __init__(self, network: Network, rate: int, settings: SpeechSettings) -> None:
        self._resampler = Resampler(rate)
        self._detector = SpeechDetector(network)
        self._turns = Turns(settings)

    def changes(self, sound: bytes) -> bytes:
        """Return what each frame changes."""
        samples = np.frombuffer(sound, "<i2").astype(np.float32) * np.float32(1 / 32768)
        self._detector.hear(self._resampler.resampled(samples))
        return bytes(map(self._turns.take, self._detector.take().tolist()))
