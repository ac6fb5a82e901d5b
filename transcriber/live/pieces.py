"""Cutting sound that comes in into pieces: where the speaker pauses, as soon as that is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from transcriber.speech.detector import SpeechDetector
from transcriber.speech.network import FRAME, Network
from transcriber.speech.spans import SAMPLES_PER_MS, is_speech, silence_below

RATE = 16000
"""Samples per second, of 16 bits."""

_FRAME_BYTES = 2 * FRAME

_SCALE = np.float32(1 / 32768)

_SEARCHED = 10.0
"""Seconds at the end of a piece without any pause in which the quietest place is sought."""


@dataclass(frozen=True, kw_only=True)
class PieceSettings:
    """Where a piece ends.

    Attributes
    ----------
    threshold : float
        Speech begins where its probability reaches this.
    silence_ms : int
        A pause of this length ends a piece.
    pad_ms : int
        What is heard before it.
    least : float
        Seconds. A piece that is shorter waits for a pause of `patience_ms`: alone it would say
        little about what is meant.
    patience_ms : int
        See `least`.
    most : float
        Seconds. A longer one is cut where it is quietest: Whisper hears 30 s at once.
    """

    threshold: float = 0.5
    silence_ms: int = 500
    pad_ms: int = 300
    least: float = 0.0
    patience_ms: int = 2000
    most: float = 28.0


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Sound that is decoded at once.

    Attributes
    ----------
    start : int
        Its first sample.
    sound : bytes
        Signed 16-bit samples at 16 kHz.
    pause : int
        How many samples of silence it ends with.
    """

    start: int
    sound: bytes
    pause: int = 0

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.sound) / 2 / RATE


class Pieces:
    """Cuts one sound.

    Parameters
    ----------
    settings : PieceSettings
        Where a piece ends.
    network : Network
        What hears speech, and has heard nothing yet.
    """

    def __init__(self, settings: PieceSettings, network: Network) -> None:
        self._settings = settings
        self._low = silence_below(settings.threshold)
        self._detector = SpeechDetector(network)
        self._pending = b""
        self._frames = 0
        self._pad = max(1, settings.pad_ms * SAMPLES_PER_MS // FRAME)
        self._before: deque[bytes] = deque(maxlen=self._pad)
        self._start = 0
        self._sound: bytearray | None = None
        self._probabilities: list[float] = []
        self._voiced: list[float] = []
        self._is_speech = False
        self._pause = 0

    def take(self, sound: bytes) -> Iterator[Piece]:
        """Take in sound, and yield the pieces that end in it.

        Parameters
        ----------
        sound : bytes
            Signed 16-bit samples at 16 kHz.
        """
        samples = np.frombuffer(sound, "<i2").astype(np.float32) * _SCALE
        self._detector.hear(samples)
        self._pending += sound
        for probability in self._detector.take().tolist():
            frame, self._pending = self._pending[:_FRAME_BYTES], self._pending[_FRAME_BYTES:]
            self._frames += 1
            yield from self._follow(frame, probability)

    @property
    def growing(self) -> Piece | None:
        """What there is so far of the piece that is being spoken."""
        if self._sound is None or not self._is_speech:
            return None
        return self._piece(self._sound)

    def finish(self) -> Piece | None:
        """Return what is left when no more comes."""
        left = self.growing
        if left is None and self._sound is not None and self._voiced and not self._pause:
            # A word that was cut off by Stop, and no click before it.
            left = self._piece(self._sound)
        if left is not None and self._sound is not None and len(left.sound) == len(self._sound):
            left = Piece(start=left.start, sound=left.sound + self._pending, pause=left.pause)
        self._end()
        return left

    def _follow(self, frame: bytes, probability: float) -> Iterator[Piece]:
        is_voiced = probability >= self._settings.threshold
        if self._sound is None:
            if not is_voiced:
                self._before.append(frame)
                return
            self._start = (self._frames - 1 - len(self._before)) * FRAME
            self._sound = bytearray(b"".join(self._before))
            self._probabilities = [0.0] * len(self._before)
            self._before.clear()
        self._sound += frame
        self._probabilities.append(probability)
        if is_voiced:
            self._pause = 0
            self._voiced.append(probability)
            self._is_speech = self._is_speech or is_speech(self._voiced)
        else:
            self._pause += bool(self._pause or probability < self._low)
        if not is_voiced and self._is_over(len(self._sound) / 2 / RATE):
            if self._is_speech:
                yield self._piece(self._sound)
            self._end()
        elif len(self._sound) > 2 * RATE * self._settings.most:
            if self._is_speech:
                yield self._cut(self._sound)
            else:
                self._end()

    def _is_over(self, seconds: float) -> bool:
        settings = self._settings
        needed = settings.silence_ms if seconds >= settings.least else settings.patience_ms
        return self._pause * FRAME // SAMPLES_PER_MS >= needed

    def _cut(self, sound: bytearray) -> Piece:
        """Return the piece up to its quietest frame; the rest begins the next one."""
        first = len(self._probabilities) - int(_SEARCHED * RATE / FRAME)
        candidates = range(max(1, first), len(self._probabilities))

        def loudness(number: int) -> tuple[float, int]:
            frame = np.frombuffer(sound, "<i2", FRAME, number * _FRAME_BYTES).astype(np.int64)
            return round(self._probabilities[number], 1), int((frame * frame).sum())

        place = min(candidates, key=loudness)
        piece = Piece(start=self._start, sound=bytes(sound[: place * _FRAME_BYTES]))
        self._start += place * FRAME
        self._sound = sound[place * _FRAME_BYTES :]
        self._probabilities = self._probabilities[place:]
        self._voiced = [one for one in self._probabilities if one >= self._settings.threshold]
        # What goes on is speech, however little of it there is yet.
        self._is_speech = bool(self._voiced)
        self._pause = min(self._pause, len(self._probabilities))
        return piece

    def _piece(self, sound: bytearray) -> Piece:
        spare = max(0, self._pause - self._pad)
        end = len(sound) - spare * _FRAME_BYTES
        return Piece(
            start=self._start, sound=bytes(sound[:end]), pause=(self._pause - spare) * FRAME
        )

    def _end(self) -> None:
        """Wait for the next one; its beginning may lie in the silence of this one."""
        sound = bytes(self._sound or b"")
        silent = min(self._pause, self._pad) if self._is_speech else self._pad
        for place in range(max(0, len(sound) - silent * _FRAME_BYTES), len(sound), _FRAME_BYTES):
            self._before.append(sound[place : place + _FRAME_BYTES])
        self._sound, self._probabilities, self._voiced = None, [], []
        self._is_speech, self._pause = False, 0
