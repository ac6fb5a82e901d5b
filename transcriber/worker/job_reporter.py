"""Telling the queue how far a job is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from transcriber.engine.interface import Segment
from transcriber.errors import InputError, TranscriberError
from transcriber.progress.course import Moment
from transcriber.worker.inbox import Inbox
from transcriber.worker.messages import (
    BEGIN,
    DONE,
    DOWNLOAD,
    FAILED,
    NOTE,
    WINDOW,
    WITHDRAWN,
    Outbox,
)


class WithdrawnError(InputError):
    """Nobody wants the job any more: it ends like one whose recording cannot be read."""


class JobReporter:
    """Tells how far one job is, as `transcriber.progress.reporter.Reporter` has it.

    Parameters
    ----------
    job : str
        Its identifier.
    inbox : Inbox
        Knows whether it is still wanted.
    outbox : Outbox
        Where messages go.

    Attributes
    ----------
    ended : bool
        Whether the last was said of the job.
    language : callable
        Returns what is spoken; it is asked when that is known.
    """

    def __init__(self, job: str, inbox: Inbox, outbox: Outbox) -> None:
        self._job = job
        self._inbox = inbox
        self._outbox = outbox
        self.ended = False
        self.language: Callable[[], str | None] = lambda: None

    def plan(self, sizes: Mapping[str, int]) -> None:
        """Say nothing: the queue knows what it has ordered."""

    def line(self, text: str) -> None:
        """Say nothing: segments are told as such."""

    def note(self, text: str) -> None:
        """Tell something worth knowing."""
        self._send(NOTE, text=text)

    def download(self, name: str, done: int, total: int) -> None:
        """Tell how many bytes of a model have arrived."""
        self._check()
        self._send(DOWNLOAD, name=name, done=done, total=total)

    def begin(self, label: str, moment: Moment) -> None:
        """Tell that it is being decoded from `moment` on."""
        self._check()
        self._send(BEGIN, language=self.language(), **_course(moment))

    def window(self, segments: Sequence[Segment], moment: Moment) -> None:
        """Tell what was decoded, and how far it is now."""
        self._check()
        self._send(WINDOW, segments=list(segments), **_course(moment))

    def finish(self, label: str, outputs: Sequence[Path], moment: Moment) -> None:
        """Tell that it is done."""
        self._end(DONE, **_course(moment))

    def skip(self, label: str) -> None:
        """Say nothing: no job is skipped."""

    def fail(self, label: str, error: TranscriberError) -> None:
        """Tell that it failed, or that it was withdrawn."""
        if isinstance(error, WithdrawnError):
            self._end(WITHDRAWN)
        else:
            kind = type(error).__name__
            told = {"code": error.exit_code, "text": error.message, "remedy": error.remedy}
            self._end(FAILED, kind=kind, **told)

    def interrupted(self, message: str, exit_code: int) -> None:
        """Say nothing: whoever ends the process knows it."""

    def summary(self, counts: dict[str, int], elapsed: float) -> None:
        """Say nothing: there is no end of a queue."""

    def close(self) -> None:
        """Do nothing: nothing is drawn."""

    def _check(self) -> None:
        if self._inbox.is_cancelled(self._job):
            raise WithdrawnError("the job was withdrawn")

    def _end(self, event: str, **content: Any) -> None:
        self.ended = True
        self._inbox.forget(self._job)
        self._send(event, **content)

    def _send(self, event: str, **content: Any) -> None:
        self._outbox.send({"event": event, "job": self._job, **content})


def _course(moment: Moment) -> dict[str, float | None]:
    return {
        "position": moment.position,
        "duration": moment.duration,
        "elapsed": moment.elapsed,
        "time_left": moment.time_left,
    }
