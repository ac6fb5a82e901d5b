"""The progress bar on a terminal, which moves while a window is decoded, too."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transcriber.progress.bar_text import LAYOUT, bar_text, columns
from transcriber.progress.course import Moment
from transcriber.progress.file_count import FileCount
from transcriber.times import stopwatch

_TICK = 0.5
"""Seconds between two looks at the clock."""

_LONGEST_DRAWING = 5.0
"""Seconds that a terminal may take, before the run goes on without it."""

_REACH = 30.0
"""Seconds of a recording that are a window, as long as none has shown to be more."""


class ProgressBar:
    """A bar of a recording or of a download, below what is printed meanwhile.

    Parameters
    ----------
    count : FileCount
        The recordings of the run.
    """

    def __init__(self, count: FileCount) -> None:
        self.count = count
        self._bar: Any = None
        self._name = ""
        self._moment = Moment(position=0.0, duration=0.0, elapsed=0.0)
        self._since = stopwatch()
        self._reach = _REACH
        self._shown = 0.0
        self._ended = threading.Event()
        self._ticker: threading.Thread | None = None

    def begin(self, label: str, moment: Moment) -> None:
        """Draw the bar of a recording."""
        self.count.begin(label)
        self._name = Path(label).name
        self._moment, self._since = moment, stopwatch()
        self._reach, self._shown = _REACH, moment.position
        before, behind = self._texts()
        self._open(total=moment.duration or 1, desc=before, bar_format=LAYOUT + behind)
        self._bar.n = min(self._shown, self._bar.total)
        self._bar.refresh()
        # A file would get a line for every tick.
        if sys.stderr.isatty():
            self._ended = threading.Event()
            self._ticker = threading.Thread(target=self._tick, args=(self._ended,), daemon=True)
            self._ticker.start()

    def advance(self, moment: Moment) -> None:
        """Draw how far the recording is now."""
        if self._bar is None:
            return
        with self._bar.get_lock():
            self._reach = max(self._reach, moment.position - self._moment.position)
            self._moment, self._since = moment, stopwatch()
            self._draw()

    def download(self, name: str, done: int, total: int) -> None:
        """Draw how many bytes of a model are there."""
        if self._bar is None:
            self._open(desc=name, total=total, unit="B", unit_scale=True, unit_divisor=1000)
        self._bar.ncols = _columns()
        self._bar.update(done - self._bar.n)
        if done >= total:
            self.close()

    @contextlib.contextmanager
    def above(self) -> Iterator[None]:
        """Let a line be printed where the bar is, which is drawn again below it."""
        if self._bar is None:
            yield
        else:
            with self._bar.external_write_mode():
                yield

    def close(self) -> None:
        """Wipe the bar out."""
        self._ended.set()
        if self._ticker is not None:
            self._ticker.join(_LONGEST_DRAWING)
            self._ticker = None
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _open(self, **options: Any) -> None:
        from tqdm import tqdm  # noqa: PLC0415  not needed for --help and the like

        self._bar = tqdm(file=sys.stderr, leave=False, ncols=_columns(), **options)

    def _tick(self, ended: threading.Event) -> None:
        bar = self._bar
        while not ended.wait(_TICK):
            with contextlib.suppress(OSError, ValueError), bar.get_lock():
                if not ended.is_set():
                    self._draw()

    def _draw(self) -> None:
        since = self._since()
        # A window may have brought it less far than it seemed to be.
        self._shown = max(self._shown, self._moment.seeming_position(since, self._reach))
        self._bar.n = min(self._shown, self._bar.total)
        before, behind = self._texts(since)
        self._bar.set_description_str(before, refresh=False)
        # As a postfix it would have a comma before it.
        self._bar.bar_format = LAYOUT + behind
        self._bar.ncols = _columns()
        self._bar.refresh()

    def _texts(self, since: float = 0.0) -> tuple[str, str]:
        told = self._moment
        if told.real_time_factor is not None:
            elapsed = told.elapsed + since
            told = dataclasses.replace(told, position=self._shown, elapsed=elapsed)
        left = self.count.time_left(told)
        return bar_text(self._name, self.count.text, told, left, columns())


def _columns() -> int:
    """Return how many columns the bar may take, of which the last one stays empty.

    What tqdm asks the terminal for itself may be none, as a serial line says, and a wide character
    is then cut for ever.
    """
    return max(columns() - 1, 1)
