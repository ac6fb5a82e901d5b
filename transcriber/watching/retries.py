"""When recordings are tried again whose failure may pass: a full disk, a folder that is locked."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transcriber.errors import LimitError, StorageError

_FIRST = 60.0
_LONGEST = 3600.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a recording has ended.

    Attributes
    ----------
    path : Path
        The recording.
    code : int
        0, or the exit code of its failure.
    told : str
        What was told of that.
    """

    path: Path
    code: int
    told: str


@dataclass(kw_only=True)
class _Failure:
    told: str
    wait: float
    due: float


class Retries:
    """The recordings that wait to be tried again, longer each time.

    Parameters
    ----------
    clock : callable
        Returns seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[Path, _Failure] = {}

    def add(self, ended: Ended) -> None:
        """Take how a recording has ended."""
        last = self._failures.pop(ended.path, None)
        if ended.code in (StorageError.exit_code, LimitError.exit_code):
            wait = min(2 * last.wait, _LONGEST) if last else _FIRST
            self._failures[ended.path] = _Failure(
                told=ended.told, wait=wait, due=self._clock() + wait
            )

    def told(self, path: Path) -> str:
        """Return what was told when a recording failed last; nothing where that is over."""
        failure = self._failures.get(path)
        return failure.told if failure else ""

    def due(self) -> list[Path]:
        """Return what is to be tried again now; each is returned once for a failure."""
        now = self._clock()
        due = [path for path, failure in self._failures.items() if failure.due <= now]
        for path in due:
            self._failures[path].due = float("inf")
        return due
