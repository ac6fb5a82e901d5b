"""Telling how far a run is: a bar for people, JSON lines for programs, both on standard error."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from transcriber.audio.failures import printable
from transcriber.download.progress import LineReport, SilentReport
from transcriber.engine.interface import Segment
from transcriber.errors import StorageError, TranscriberError
from transcriber.progress.bar import ProgressBar
from transcriber.progress.course import Moment
from transcriber.progress.file_count import FileCount
from transcriber.times import clock


class Reporter(Protocol):
    """Whoever wants to know how far a run is."""

    def plan(self, sizes: Mapping[str, int]) -> None:
        """Tell which recordings there are, by their labels, and of how many bytes."""

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
        self._tells_ends = bar or download_lines
        self._lines = LineReport() if download_lines else SilentReport()
        self._bar = ProgressBar(FileCount({}))

    def plan(self, sizes: Mapping[str, int]) -> None:
        self._bar.count = FileCount(sizes)

    def line(self, text: str) -> None:
        with self._bar.above():
            _print_line(text)

    def note(self, text: str) -> None:
        self._print(text)

    def download(self, name: str, done: int, total: int) -> None:
        (self._bar if self._show_bar else self._lines).download(name, done, total)

    def begin(self, label: str, moment: Moment) -> None:
        self.close()
        if self._show_bar:
            self._bar.begin(label, moment)

    def window(self, segments: Sequence[Segment], moment: Moment) -> None:
        self._bar.advance(moment)

    def finish(self, label: str, outputs: Sequence[Path], moment: Moment) -> None:
        self.close()
        self._bar.count.finish(label, moment)
        if self._show_bar or (self._tells_ends and outputs):
            factor = moment.real_time_factor
            pace = "" if factor is None else f", real-time factor {factor:.2f}"
            took = f"{clock(moment.duration)} transcribed in {clock(moment.elapsed)}"
            self._print(f"{label}: {took}{pace}{_written(outputs)}")

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
        self._bar.close()

    def _print(self, text: str) -> None:
        with self._bar.above():
            print(text, file=sys.stderr, flush=True)


class JsonReporter:
    """One JSON object a line, each with the key ``event``."""

    def plan(self, sizes: Mapping[str, int]) -> None:
        pass

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
            self._emit("segment", start=segment["start"], end=segment["end"], text=segment["text"])
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


class QuietReporter:
    """Tells of failures only, as another one does, and prints the transcript where that is asked.

    Parameters
    ----------
    reporter : Reporter
        The other one.
    """

    def __init__(self, reporter: Reporter) -> None:
        self.line = reporter.line
        self.fail = reporter.fail
        self.interrupted = reporter.interrupted
        self.close = reporter.close

    def _ignore(self, *_: Any) -> None:
        pass

    plan = note = download = begin = window = finish = skip = summary = _ignore


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


def _written(outputs: Sequence[Path]) -> str:
    """Return the names of files, the first one with its folder, the others as short as can be."""
    if not outputs:
        return ""
    first, *others = outputs
    stem = first.with_suffix("")
    names = [path.suffix if path.with_suffix("") == stem else path.name for path in others]
    return printable("; wrote " + ", ".join([os.path.abspath(first), *names]))  # noqa: PTH100


def _fields(moment: Moment) -> dict[str, float | None]:
    values = {
        "position": moment.position,
        "duration": moment.duration,
        "elapsed": moment.elapsed,
        "real_time_factor": moment.real_time_factor,
        "time_left": moment.time_left,
    }
    return {key: None if value is None else round(value, 3) for key, value in values.items()}


def make_reporter(progress: str, *, quiet: bool = False) -> Reporter:
    """Return the reporter for ``auto``, ``bar``, ``json`` or ``none``.

    ``auto`` draws a bar where standard error is a terminal. A quiet one tells of failures only.
    """
    if quiet:
        return QuietReporter(make_reporter("json" if progress == "json" else "none"))
    if progress == "json":
        return JsonReporter()
    bar = progress == "bar" or (progress == "auto" and sys.stderr.isatty())
    return TextReporter(bar=bar, download_lines=progress != "none")
