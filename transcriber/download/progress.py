"""Telling how a download goes."""

from __future__ import annotations

import sys
from typing import Protocol, TextIO


class DownloadReport(Protocol):
    """What a download tells while it runs."""

    def download(self, name: str, done: int, total: int) -> None:
        """Tell how many bytes of a model are there; fewer than before when it starts over."""

    def note(self, text: str) -> None:
        """Tell of a retry, a wait or another source."""


class SilentReport:
    """Tells nothing."""

    def download(self, name: str, done: int, total: int) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""


class LineReport:
    """Prints a line for each tenth of a model, as suits a log.

    Parameters
    ----------
    stream : TextIO, optional
        Where to; standard error unless given.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = ("", -1)

    def download(self, name: str, done: int, total: int) -> None:
        """Print the share and the amounts when another tenth is there."""
        tenth = 10 * done // max(total, 1)
        if (name, tenth) != self._shown:
            self._shown = name, tenth
            share = 100 * done // max(total, 1)
            self.note(f"{name}: {share:3d} %, {megabytes(done)} of {megabytes(total)}")

    def note(self, text: str) -> None:
        """Print `text` on a line of its own."""
        print(text, file=self._stream, flush=True)


def megabytes(size: float) -> str:
    """Return a number of bytes in megabytes, as in ``145.3 MB``."""
    return f"{size / 1e6:.1f} MB"
