"""Sound that a test makes, with a network that hears where it is loud."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from transcriber.engine.interface import Segment, Transcript, Word
from transcriber.live.decoding import PieceDecoder
from transcriber.speech.network import CONTEXT, FRAME
from transcriber.speech.weights import Array

LOUD, FAINT, QUIET = 8000, 1000, 10
"""Heights of voice, of what may be voice, and of none."""

BYTES = 2 * FRAME


class Loud:
    """Hears a voice where it is loud."""

    def listen(self, samples: Array) -> Array:
        frames = samples[CONTEXT:].reshape(-1, FRAME)
        most = np.abs(frames).max(axis=1) * 32768
        return np.where(most > 2000, 0.95, np.where(most > 500, 0.4, 0.01)).astype(np.float32)

    def forget(self) -> None:
        pass


def sound(*runs: tuple[int, int], seed: int = 1) -> bytes:
    """Return sound of runs: how many frames of which height. No two frames are the same."""
    generator = random.Random(seed)
    samples = [
        sign * height - sign * generator.randrange(height // 4)
        for frames, height in runs
        for sign in (1, -1) * (frames * FRAME // 2)
    ]
    return np.array(samples, "<i2").tobytes()


def transcript(text: str, *words: tuple[str, float, float], language: str = "en") -> Transcript:
    """Return what an engine might have decoded."""
    end = words[-1][2] if words else 1.0
    segment: Segment = {
        "seek": 0,
        "start": 0.0,
        "end": end,
        "text": text,
        "tokens": [1],
        "temperature": 0.0,
        "avg_logprob": -0.2,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.0,
    }
    if words:
        segment["words"] = [Word(word=word, start=start, end=stop) for word, start, stop in words]
    return {"text": text, "segments": [segment] if text else [], "language": language}


class Clock:
    """Time that passes only when something is waited for."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Coming:
    """Sound that comes as fast as it is spoken, by a clock."""

    level = 0.5

    def __init__(self, clock: Clock, content: bytes, *, speed: float = 1.0) -> None:
        self.error: Exception | None = None
        self._clock, self._content, self._speed = clock, content, speed
        self._at = 0

    @property
    def is_over(self) -> bool:
        return self._at == len(self._content)

    @property
    def seconds(self) -> float:
        return min(self._clock.now * self._speed, len(self._content) / 32000)

    @property
    def behind(self) -> float:
        return self.seconds - self._at / 32000

    def read(self, most: int) -> bytes:
        end = min(self._at + most, round(self.seconds * 16000) * 2)
        piece = self._content[self._at : end]
        self._at += len(piece)
        return piece

    def wait(self, seconds: float) -> None:
        self._clock.now += seconds


class Sleepy(PieceDecoder):
    """Tells the pieces apart by their length, and takes its time."""

    def __init__(self, clock: Clock, costs: Sequence[float] = (), quick: float = 0.0) -> None:
        self._clock, self._costs, self._cost = clock, list(costs), quick
        self.heard: list[bytes] = []
        self.quickly: list[bytes] = []

    def decode(self, sound: bytes) -> Transcript:
        self._clock.now += self._costs.pop(0) if self._costs else 0.0
        self.heard.append(sound)
        return transcript(f" {len(sound)} bytes. ")

    def decode_quickly(self, sound: bytes) -> Transcript:
        self._clock.now += self._cost
        self.quickly.append(sound)
        seconds = len(sound) / 32000
        return transcript(" a b", (" a", 0.0, seconds / 2), (" b", seconds / 2, seconds))
