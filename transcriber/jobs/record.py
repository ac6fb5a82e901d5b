"""What is known of a job."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path


class State(enum.StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset({State.DONE, State.FAILED, State.CANCELLED})
"""States of jobs that nothing more will be done for unless somebody asks for it."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a job failed: the exit code that the command line would have, and its line.

    Attributes
    ----------
    kind : str
        The error's class: some share an exit code.
    """

    code: int
    message: str
    remedy: str = ""
    kind: str = ""


@dataclass(frozen=True, kw_only=True)
class JobRecord:
    """A job.

    Attributes
    ----------
    job : str
        Its identifier, and the name of its folder.
    name : str
        What the recording is called.
    recording : Path
        The file.
    owned : bool
        Whether the file was uploaded, lies in the job's folder and goes with it.
    client : str
        Who wants it; clients take turns.
    words : tuple of str
        How it is decoded, as options of the command line.
    kept : bool
        Whether it outlives the client's question.
    state : State
        Where it stands.
    priority : int
        A higher one comes first.
    created : float
        When it was asked for, in seconds since 1970.
    started, ended : float or None
        When it was begun and over last.
    duration : float or None
        Seconds of the recording; None until it was read.
    position : float
        Seconds of it that are decoded.
    attempts : int
        How often the process died that decoded it.
    failure : Failure or None
        Why it failed.
    notes : tuple of str
        What is worth knowing about it.
    language : str or None
        What is spoken; None until that is known.
    """

    job: str
    name: str
    recording: Path
    owned: bool
    client: str
    words: tuple[str, ...]
    kept: bool = True
    state: State = State.WAITING
    priority: int = 0
    created: float
    started: float | None = None
    ended: float | None = None
    duration: float | None = None
    position: float = 0.0
    attempts: int = 0
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    language: str | None = None

    def once_more(self) -> JobRecord:
        """Return the job as it waits to go on."""
        return replace(self, state=State.WAITING, ended=None, failure=None, attempts=0)

    def anew(self, words: Sequence[str], *, created: float) -> JobRecord:
        """Return a job of the same recording that nothing is known of yet, with other options."""
        return JobRecord(
            job=self.job,
            name=self.name,
            recording=self.recording,
            owned=self.owned,
            client=self.client,
            words=tuple(words),
            kept=self.kept,
            priority=self.priority,
            created=created,
            duration=self.duration,
        )
