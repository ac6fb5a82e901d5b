"""Which of several recordings is told, and how long all of them may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transcriber.progress.course import Moment
from transcriber.times import stopwatch


class FileCount:
    """The recordings of a run, in their order.

    How long those are that were not opened yet is guessed by the sizes of their files.

    Parameters
    ----------
    sizes : mapping of str to int
        The bytes of each recording by its label; 0 where they are not known.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        self._labels = list(sizes)
        self._number = 0
        self._elapsed: Callable[[], float] | None = None
        # Of the recordings that are done: seconds that this run decoded, seconds, bytes.
        self._decoded = self._seconds = 0.0
        self._bytes = 0

    def begin(self, label: str) -> None:
        """Take note that this recording is the one that is told now."""
        if self._elapsed is None:
            self._elapsed = stopwatch()
        if label in self._sizes:
            self._number = self._labels.index(label) + 1

    def finish(self, label: str, moment: Moment) -> None:
        """Take note that a recording is done."""
        self._decoded += moment.duration - moment.resumed_at
        self._seconds += moment.duration
        self._bytes += self._sizes.get(label, 0)

    @property
    def text(self) -> str:
        """Which one it is, as in ``2 of 5``; nothing where it is the only one."""
        return f"{self._number} of {len(self._labels)} " if len(self._labels) > 1 else ""

    def time_left(self, moment: Moment) -> float | None:
        """Return the seconds until all are done; None where that is unknown or there is one only.

        Parameters
        ----------
        moment : Moment
            How far the present recording is.
        """
        decoded = self._decoded + moment.position - moment.resumed_at
        if len(self._labels) < 2 or not self._number or self._elapsed is None or decoded <= 0:
            return None
        later = sum(self._sizes[label] for label in self._labels[self._number :])
        known = self._bytes + self._sizes[self._labels[self._number - 1]]
        if later and not known:
            return None
        seconds = moment.duration - moment.position
        if later:
            seconds += later / known * (self._seconds + moment.duration)
        return self._elapsed() / decoded * seconds
