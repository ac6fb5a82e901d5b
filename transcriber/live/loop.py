"""The loop of live captions: sound in, events out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

from transcriber.engine.interface import FRAMES_PER_SECOND, Segment, Transcript
from transcriber.errors import TranscriberError
from transcriber.live.decoding import PieceDecoder
from transcriber.live.events import Event, Final, Heard, Partial, Slow
from transcriber.live.pieces import RATE, Piece, Pieces
from transcriber.live.policies import Policy

_MOST = 5 * 2 * RATE
"""Bytes that are listened to at once, 5 s."""

_TICK = 0.1
"""Seconds between looks at how far it is."""

_LEAST_STEP = 0.4
"""Seconds of sound between two partials, at the least."""

_SHARE = 0.4
"""Of the time that partials may take."""

_LONGEST_STEP = 5.0
"""Where partials come less often than this there are none."""

_PAUSE = RATE // 4
"""Samples of silence behind which no word is unfinished."""

_BEHIND = 5.0
"""Seconds that may wait to be listened to before that is told."""


class Sound(Protocol):
    """What comes in: `transcriber.capture.spool.Spool` has the methods."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and all was read."""

    @property
    def seconds(self) -> float:
        """How much was heard."""

    @property
    def behind(self) -> float:
        """Seconds that were heard and not read."""

    @property
    def level(self) -> float:
        """How loud it is, from 0 to 1."""

    @property
    def error(self) -> TranscriberError | None:
        """Why it has ended, where it should not have."""

    def read(self, most: int) -> bytes:
        """Return what was not read yet."""

    def wait(self, seconds: float) -> None:
        """Return when there is more, or after some seconds."""


class Listening:
    """Listens to one sound.

    Parameters
    ----------
    sound : Sound
        What comes in.
    pieces : Pieces
        Cuts it.
    decoder : PieceDecoder
        Makes text of it.
    policy : Policy or None
        Which words of an unfinished piece are told; None tells none.
    """

    def __init__(
        self, sound: Sound, pieces: Pieces, decoder: PieceDecoder, policy: Policy | None
    ) -> None:
        self._sound = sound
        self._pieces = pieces
        self._decoder = decoder
        self._policy = policy
        self._number = 0
        self._told = 0.0
        self._begun = time.monotonic() - sound.seconds
        self._is_slow = False
        self._step = _LEAST_STEP
        self._partial: tuple[int, int, str] = (-1, 0, "")

    def events(self) -> Iterator[Event]:
        """Yield what there is to tell, until the sound is over and all of it is decoded.

        Raises
        ------
        TranscriberError
            When no more can be heard; what was heard before is told.
        """
        while not self._sound.is_over:
            heard = self._sound.read(_MOST)
            if not heard:
                self._sound.wait(_TICK)
            for piece in self._pieces.take(heard):
                yield from self._final(piece)
            yield from self._state()
            yield from self._unfinished()
        last = self._pieces.finish()
        if last is not None:
            yield from self._final(last)
        yield Heard(seconds=self._sound.seconds, level=0.0, behind=0.0)
        if self._sound.error is not None:
            raise self._sound.error

    def _state(self) -> Iterator[Event]:
        behind, seconds = self._sound.behind, self._sound.seconds
        # What comes faster than it was spoken has to wait. No two clocks go alike.
        is_live = seconds <= 1.01 * (time.monotonic() - self._begun) + 1
        if behind > _BEHIND and is_live and not self._is_slow:
            self._is_slow = True
            yield Slow(behind=behind)
        elif behind < 1:
            self._is_slow = False
        if seconds >= self._told + _TICK:
            self._told = seconds
            yield Heard(seconds=seconds, level=self._sound.level, behind=behind)

    def _final(self, piece: Piece) -> Iterator[Final]:
        decoded = self._decoder.decode(piece.sound)
        if self._policy is not None:
            self._policy.begin()
        text = decoded["text"].strip()
        if not text:
            return
        start = piece.start / RATE
        yield Final(
            number=self._number,
            start=start,
            end=start + piece.seconds - piece.pause / RATE,
            text=text,
            language=decoded["language"],
            segments=shifted(decoded, start),
        )
        self._number += 1

    def _unfinished(self) -> Iterator[Partial]:
        """Tell what is new in the piece that is being spoken, if it is time for that."""
        piece = self._pieces.growing
        if self._policy is None or piece is None or self._step > _LONGEST_STEP:
            return
        start, length, text = self._partial
        new = len(piece.sound) - (length if start == piece.start else 0)
        is_due = new >= 2 * RATE * self._step
        if not is_due or self._sound.behind > self._step:
            return
        begun = time.monotonic()
        decoded = self._decoder.decode_quickly(piece.sound)
        paused = piece.pause >= _PAUSE
        shown = self._policy.shown(decoded, piece.seconds, paused=paused).strip()
        self._step = max(_LEAST_STEP, (time.monotonic() - begun) / _SHARE)
        if shown and (start, text) != (piece.start, shown):
            yield Partial(start=piece.start / RATE, text=shown)
        self._partial = piece.start, len(piece.sound), shown


def shifted(decoded: Transcript, seconds: float) -> list[Segment]:
    """Return the segments of a piece that begins so many seconds after the sound."""
    found: list[Segment] = []
    for segment in decoded["segments"]:
        moved: Segment = {
            **segment,
            "seek": segment["seek"] + round(FRAMES_PER_SECOND * seconds),
            "start": segment["start"] + seconds,
            "end": segment["end"] + seconds,
        }
        if "words" in segment:
            moved["words"] = [
                {**word, "start": word["start"] + seconds, "end": word["end"] + seconds}
                for word in segment["words"]
            ]
        found.append(moved)
    return found
