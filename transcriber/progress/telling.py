"""Telling what becomes of a recording: notes, its segments, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from transcriber.engine.interface import FRAMES_PER_SECOND, DecodedWindows, Segment, WindowResult
from transcriber.engine.openai_whisper import load_utilities
from transcriber.progress.course import Course
from transcriber.progress.reporter import Reporter
from transcriber.times import clock
from transcriber.transcript.cues import tidied


class Telling:
    """What is told of one recording.

    Parameters
    ----------
    label : str
        What messages call it.
    reporter : Reporter
        Whom to tell.
    course : Course
        How far it is.
    verbose : bool
        Whether its segments are printed.

    Attributes
    ----------
    notes : list of str
        Told when the recording's turn comes.
    """

    def __init__(self, label: str, reporter: Reporter, course: Course, *, verbose: bool) -> None:
        self.notes: list[str] = []
        self._label = label
        self._reporter = reporter
        self._course = course
        self._verbose = verbose
        self._told_end = 0.0

    def begin(self, decoded: DecodedWindows) -> None:
        """Tell that the recording is decoded from here on.

        Parameters
        ----------
        decoded : DecodedWindows
            What an earlier run has decoded, up to the first gap.
        """
        for note in self.notes:
            self._reporter.note(note)
        self._course.begin(decoded)
        self._reporter.begin(self._label, self._course.moment())
        if decoded.windows:
            self._reporter.note(
                f"{self._label}: continues at {clock(self._course.position)}, "
                "where an earlier run stopped"
            )
            self._show(decoded.segments)

    def window(self, window: WindowResult) -> None:
        """Print a window, and how far the recording is with it."""
        self._course.advance(window.position)
        self._show(window.segments)

    def finish(self, outputs: Sequence[Path]) -> None:
        """Tell that the recording is done, with the silence at its end."""
        self._course.complete()
        self._reporter.finish(self._label, outputs, self._course.moment())

    def _show(self, segments: Sequence[Segment]) -> None:
        """Print segments, and tell how far the recording is with them."""
        first = 0.0
        if segments and segments[0]["seek"] / FRAMES_PER_SECOND > self._told_end - 1:
            # The clip is not of an earlier time, which the user may have asked for.
            first = self._told_end
        shown = tidied(segments, first=first, last=self._course.duration)
        if shown:
            self._told_end = shown[-1]["end"]
        self._print(shown)
        self._reporter.window(shown, self._course.moment())

    def _print(self, segments: Sequence[Segment]) -> None:
        if not self._verbose:
            return
        format_timestamp = load_utilities().format_timestamp
        for segment in segments:
            start, end = format_timestamp(segment["start"]), format_timestamp(segment["end"])
            self._reporter.line(f"[{start} --> {end}] {segment['text']}")
