"""Telling how far a run is: a bar for people, JSON lines for programs, both on standard error."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from transcriber.engine.interface import FRAMES_PER_SECOND, Position, Progress, Segment
from transcriber.errors import StorageError, TranscriberError
from transcriber.models.progress import LineReport, SilentReport


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

    def begin(self, progress: Progress) -> None:
        """Begin to decode, perhaps where an earlier run stopped."""
        if progress.position is not None:
            self.advance(progress.position)
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


class Reporter(Protocol):
    """Whoever wants to know how far a run is."""

    def line(self, text: str) -> None:
        """Print a line of the transcript on standard output."""

    def note(self, text: str) -> None:
        """Tell something worth knowing that is no failure."""

    def download(self, name: str, done: int, total: int) -> None:
        """Tell how many bytes of a model have arrived."""

    def begin(self, label: str, moment: Moment) -> None:
        """Tell that a recording is being decoded from `moment` on."""

    def window(self, segments: Sequence[Segment], moment: Moment) -> None:
        """Tell what was decoded, and how far the recording is now."""

    def finish(self, label: str, outputs: Sequence[Path], moment: Moment) -> None:
        """Tell that a recording is done."""

    def skip(self, label: str) -> None:
        """Tell that a recording was left alone, since its output files exist."""

    def fail(self, label: str, error: TranscriberError) -> None:
        """Tell that a recording failed."""

    def interrupted(self, message: str, exit_code: int) -> None:
        """Tell that a signal ends the run."""

    def summary(self, counts: dict[str, int], elapsed: float) -> None:
        """Tell how a run of several recordings ended."""

    def close(self) -> None:
        """Clear what is drawn on the terminal."""


class TextReporter:
    """Lines and, where wanted, a bar that stays below them."""

    def __init__(self, *, bar: bool, download_lines: bool = True) -> None:
        self._show_bar = bar
        self._lines = LineReport() if download_lines else SilentReport()
        self._bar: Any = None

    def line(self, text: str) -> None:
        if self._bar is None:
            _print_line(text)
        else:
            with self._bar.external_write_mode():
                _print_line(text)

    def note(self, text: str) -> None:
        self._print(text)

    def download(self, name: str, done: int, total: int) -> None:
        if not self._show_bar:
            self._lines.download(name, done, total)
            return
        if self._bar is None:
            self._open(desc=name, total=total, unit="B", unit_scale=True, unit_divisor=1000)
        self._bar.update(done - self._bar.n)
        if done >= total:
            self.close()

    def begin(self, label: str, moment: Moment) -> None:
        self.close()
        if self._show_bar:
            layout = "{desc} {percentage:3.0f}%|{bar}| {postfix}"
            name = Path(label).name
            self._open(desc=name, total=moment.duration or 1, bar_format=layout)
            self._draw(moment)

    def window(self, segments: Sequence[Segment], moment: Moment) -> None:
        self._draw(moment)

    def finish(self, label: str, outputs: Sequence[Path], moment: Moment) -> None:
        self.close()
        if self._show_bar:
            factor = moment.real_time_factor
            pace = "" if factor is None else f", real-time factor {factor:.2f}"
            self._print(
                f"{label}: {clock(moment.duration)} transcribed in {clock(moment.elapsed)}{pace}"
            )

    def skip(self, label: str) -> None:
        self._print(f"{label}: skipped, its output files exist")

    def fail(self, label: str, error: TranscriberError) -> None:
        self.close()
        self._print(f"transcriber: {error}")

    def interrupted(self, message: str, exit_code: int) -> None:
        self.close()
        self._print(f"transcriber: {message}")

    def summary(self, counts: dict[str, int], elapsed: float) -> None:
        parts = [f"{count} {what}" for what, count in counts.items() if count]
        self._print(f"{', '.join(parts)} in {clock(elapsed)}")

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _open(self, **options: Any) -> None:
        from tqdm import tqdm  # noqa: PLC0415  not needed for --help and the like

        self._bar = tqdm(file=sys.stderr, leave=False, dynamic_ncols=True, **options)

    def _draw(self, moment: Moment) -> None:
        if self._bar is None:
            return
        factor, left = moment.real_time_factor, moment.time_left
        pace = "" if factor is None or left is None else f", RTF {factor:.2f}, {clock(left)} left"
        self._bar.n = min(moment.position, self._bar.total)
        self._bar.set_postfix_str(f"{clock(moment.position)}/{clock(moment.duration)}{pace}")

    def _print(self, text: str) -> None:
        if self._bar is None:
            print(text, file=sys.stderr, flush=True)
        else:
            self._bar.write(text, file=sys.stderr)


class JsonReporter:
    """One JSON object a line, each with the key ``event``."""

    def line(self, text: str) -> None:
        _print_line(text)

    def note(self, text: str) -> None:
        self._emit("note", text=text)

    def download(self, name: str, done: int, total: int) -> None:
        self._emit("download", model=name, bytes=done, total=total)

    def begin(self, label: str, moment: Moment) -> None:
        self._emit("begin", input=label, **_fields(moment))

    def window(self, segments: Sequence[Segment], moment: Moment) -> None:
        for segment in segments:
            keys = ("start", "end", "text")
            self._emit("segment", **{key: segment[key] for key in keys})
        self._emit("progress", **_fields(moment))

    def finish(self, label: str, outputs: Sequence[Path], moment: Moment) -> None:
        paths = [str(path) for path in outputs]
        self._emit("finish", input=label, outputs=paths, **_fields(moment))

    def skip(self, label: str) -> None:
        self._emit("skip", input=label)

    def fail(self, label: str, error: TranscriberError) -> None:
        self._emit("fail", input=label, message=str(error), exit_code=error.exit_code)

    def interrupted(self, message: str, exit_code: int) -> None:
        self._emit("interrupted", message=message, exit_code=exit_code)

    def summary(self, counts: dict[str, int], elapsed: float) -> None:
        self._emit("summary", elapsed=round(elapsed, 3), **counts)

    def close(self) -> None:
        pass

    def _emit(self, event: str, **fields: Any) -> None:
        # Whoever follows the progress may have seen enough; the files are still to be written.
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps({"event": event, **fields}), file=sys.stderr, flush=True)


def _print_line(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Whoever reads standard output may have seen enough; the files are still to be written.
        pass
    except OSError as error:
        raise StorageError(
            f"cannot write to standard output: {error.strerror}",
            "free some space, or leave the printing out with --verbose False",
        ) from error


def _fields(moment: Moment) -> dict[str, float | None]:
    values = {
        "position": moment.position,
        "duration": moment.duration,
        "elapsed": moment.elapsed,
        "real_time_factor": moment.real_time_factor,
        "time_left": moment.time_left,
    }
    return {key: None if value is None else round(value, 3) for key, value in values.items()}


def make_reporter(progress: str) -> Reporter:
    """Return the reporter for ``auto``, ``bar``, ``json`` or ``none``.

    ``auto`` draws a bar where standard error is a terminal.
    """
    if progress == "json":
        return JsonReporter()
    bar = progress == "bar" or (progress == "auto" and sys.stderr.isatty())
    return TextReporter(bar=bar, download_lines=progress != "none")


def clock(seconds: float) -> str:
    """Return a time as ``m:ss``, or ``h:mm:ss`` from one hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def stopwatch() -> Callable[[], float]:
    """Return a function that tells the seconds since now."""
    start = time.monotonic()
    return lambda: time.monotonic() - start
