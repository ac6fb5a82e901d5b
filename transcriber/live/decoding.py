"""Decoding pieces of sound by the engine of files."""

from __future__ import annotations

from transcriber.engine.interface import (
    FRAMES_PER_SECOND,
    Clip,
    DecodedWindows,
    Engine,
    Transcript,
)
from transcriber.live.pieces import RATE

_TELLING = 5.0
"""Seconds of a piece that tells the language for good; a greeting alone does not."""


class PieceDecoder:
    """Decodes one piece after the other.

    Parameters
    ----------
    engine : Engine
        What decodes what stays.
    quick : Engine
        What decodes what is replaced soon: without beams and second tries.
    """

    def __init__(self, engine: Engine, quick: Engine) -> None:
        self._engine = engine
        self._quick = quick
        self._language: str | None = None
        self._told = 0.0

    def warm(self) -> None:
        """Load the model, and decode silence: the first piece is not to wait for that."""
        for engine in dict.fromkeys((self._engine, self._quick)):
            engine.read([bytes(2 * RATE)])
            _decoded(engine, "en")
            engine.close()

    def decode(self, sound: bytes) -> Transcript:
        """Return the text of a piece, in which nobody need listen for speech any more.

        Parameters
        ----------
        sound : bytes
            Signed 16-bit samples at 16 kHz.
        """
        engine = self._engine
        seconds = engine.read([sound])
        try:
            engine.use_clips(_whole(sound))
            if self._told < _TELLING and (seconds > self._told or self._language is None):
                self._language, self._told = engine.language().code, seconds
            return _decoded(engine, self._language or "en")
        finally:
            engine.close()

    def decode_quickly(self, sound: bytes) -> Transcript:
        """Return the text of what there is so far of a piece."""
        engine = self._quick
        engine.read([sound])
        try:
            engine.use_clips(_whole(sound))
            return _decoded(engine, self._language or engine.language().code)
        finally:
            engine.close()


def _whole(sound: bytes) -> list[Clip]:
    return [(0, len(sound) // 2 * FRAMES_PER_SECOND // RATE)]


def _decoded(engine: Engine, language: str) -> Transcript:
    windows = tuple(engine.windows(language, DecodedWindows()))
    return engine.result(DecodedWindows(language=language, windows=windows))
