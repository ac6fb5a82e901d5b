"""How far a recording is, and how long it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from transcriber.engine.interface import FRAMES_PER_SECOND, DecodedWindows, Position
from transcriber.times import stopwatch

_FIRST_WINDOW = 10.0
"""Seconds that a window may take, for all that is known before the first one."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """How far one recording is.

    Attributes
    ----------
    position, duration : float
        Seconds of the recording that are done, and that there are.
    elapsed : float
        Seconds that this run has decoded it.
    resumed_at : float
        Seconds of the recording that an earlier run had done.
    """

    position: float
    duration: float
    elapsed: float
    resumed_at: float = 0.0

    @property
    def real_time_factor(self) -> float | None:
        """Working time over the length of what was worked on; below 1 is faster than real time."""
        done = self.position - self.resumed_at
        return self.elapsed / done if done > 0 else None

    @property
    def time_left(self) -> float | None:
        """Seconds until the recording is done, at the pace so far."""
        factor = self.real_time_factor
        return None if factor is None else factor * (self.duration - self.position)

    def seeming_position(self, since: float, reach: float) -> float:
        """Return about where the recording is while a window is decoded.

        Parameters
        ----------
        since : float
            Seconds since this moment.
        reach : float
            Seconds of the recording that are done at a time. This is approached and never reached.
        """
        expected = reach * (self.real_time_factor or 0) or _FIRST_WINDOW
        ahead = min(reach, self.duration - self.position)
        return self.position + ahead * (1 - math.exp(-since / expected))


class Course:
    """The way of one recording: where it began, where it is and how long it has taken.

    Attributes
    ----------
    duration : float
        Seconds of the recording.
    position : float
        Seconds that are done.
    """

    def __init__(self) -> None:
        self.duration = 0.0
        self.position = 0.0
        self._resumed_at = 0.0
        self._elapsed = stopwatch()

    def start(self) -> None:
        """Count the time from here on; loading does not count."""
        self._elapsed = stopwatch()

    def begin(self, decoded: DecodedWindows) -> None:
        """Begin to decode, perhaps where an earlier run stopped."""
        if decoded.position is not None:
            self.advance(decoded.position)
        self._resumed_at = self.position

    def advance(self, position: Position) -> None:
        """Take note of where the loop is now."""
        self.position = min(position.seek / FRAMES_PER_SECOND, self.duration)

    def complete(self) -> None:
        """Take note that nothing is left."""
        self.position = self.duration

    def moment(self) -> Moment:
        """Return how far the recording is now."""
        return Moment(
            position=self.position,
            duration=self.duration,
            elapsed=self._elapsed(),
            resumed_at=self._resumed_at,
        )
