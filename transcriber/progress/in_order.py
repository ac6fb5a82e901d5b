"""Windows that are done in any order, told in the order in which they are said."""

from __future__ import annotations

from collections.abc import Iterator

from transcriber.engine.interface import WindowResult


class InOrder:
    """Holds windows back until all before them are there.

    Parameters
    ----------
    clips : int
        How many clips the recording has.
    """

    def __init__(self, clips: int) -> None:
        self._held: list[list[WindowResult]] = [[] for _ in range(clips)]
        self._ended: set[int] = set()
        self._present = 0

    def add(self, clip: int, window: WindowResult | None) -> None:
        """Take the next window of a clip, or None at its end."""
        if window is None:
            self._ended.add(clip)
        else:
            self._held[clip].append(window)

    @property
    def complete(self) -> bool:
        """Whether every clip has ended."""
        return len(self._ended) == len(self._held)

    def ready(self) -> Iterator[WindowResult]:
        """Yield what can be told, each window once."""
        while self._present < len(self._held):
            held, self._held[self._present] = self._held[self._present], []
            yield from held
            if self._present not in self._ended:
                return
            self._present += 1
