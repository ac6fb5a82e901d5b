"""What the process that decodes says of jobs, and what that means for them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from transcriber.engine.interface import Segment
from transcriber.errors import EngineFailedError
from transcriber.jobs.bulletin import Bulletin, Event
from transcriber.jobs.folders import Folders
from transcriber.jobs.ledger import Ledger
from transcriber.jobs.record import Failure, JobRecord, State
from transcriber.worker import messages
from transcriber.worker.messages import Message

_MOST_ATTEMPTS = 2
"""Deaths of the process that decodes which a job survives. It is by itself the second time, so
the third is its own fault or that of the machine."""

_MOST_NOTES = 100
"""Notes that are kept of a job: a damaged recording may have thousands."""


@dataclass
class Figures:
    """What was done since the start.

    Attributes
    ----------
    ended : Counter of str
        How many jobs came to each end.
    decoded_seconds : float
        Seconds of recordings that were decoded.
    """

    ended: Counter[str] = field(default_factory=Counter)
    decoded_seconds: float = 0.0


class Hearing:
    """Takes in what is said of jobs. Its caller lets one thread in at a time.

    Parameters
    ----------
    ledger : Ledger
        What is known of jobs.
    folders : Folders
        Where their files lie.
    bulletin : Bulletin
        Is told what was decoded.
    log : callable
        Is told what an administrator should know.

    Attributes
    ----------
    segments : dict of str to list of Segment
        What is decoded of jobs that run, or ran last in this process and are not over.
    time_left : dict of str to float or None
        Seconds until each of them is done, at the pace so far.
    outdated : set of str
        Jobs that are still decoded with options that nobody wants any more.
    figures : Figures
        What was done since the start.
    """

    def __init__(
        self, ledger: Ledger, folders: Folders, bulletin: Bulletin, log: Callable[[str], None]
    ) -> None:
        self._ledger = ledger
        self._folders = folders
        self._bulletin = bulletin
        self._log = log
        self.segments: dict[str, list[Segment]] = {}
        self.time_left: dict[str, float | None] = {}
        self.outdated: set[str] = set()
        self.figures = Figures()

    def begun(self, job: str) -> None:
        """Take note that a job was given to the process."""
        record = replace(self._ledger.records[job], state=State.RUNNING, started=time.time())
        self._ledger.put(record, written=False)

    def set_aside(self, job: str) -> None:
        """Take note that a job makes way for others, and waits again."""
        record = self._ledger.records.get(job)
        if record is not None and record.state is State.RUNNING:
            self._ledger.put(replace(record, state=State.WAITING), written=False)

    def given_up(self, job: str) -> None:
        """Bring back the transcript that a job had before, if it had one."""
        if self._folders.restore(job):
            self.forget(job)

    def told(self, message: Message) -> None:
        """Take in what the process says."""
        job, event = message["job"], message["event"]
        record = self._ledger.records.get(job)
        if record is None:
            return
        if job in self.outdated:
            if event in messages.LAST:
                self.outdated.discard(job)
                self._folders.forget_transcript(job)
        elif event == messages.DONE:
            # What was given up before this was known stays so.
            if record.state is not State.CANCELLED:
                self._finish(record, State.DONE, position=message["duration"])
        elif record.state is State.RUNNING:
            if event == messages.FAILED:
                self._finish(record, State.FAILED, failure=_failure(message))
            else:
                self._advance(record, message)

    def died(self, jobs: Sequence[str], why: str, *, blamed: bool) -> None:
        """Have what a process worked on that died decoded by another one.

        Parameters
        ----------
        jobs : sequence of str
            What it worked on.
        why : str
            How it died.
        blamed : bool
            Whether one of the jobs may be the cause: each is decoded by itself then.
        """
        self._log(f"the process that decodes has died ({why})")
        self.outdated.difference_update(jobs)
        for job in jobs:
            record = self._ledger.records.get(job)
            if record is None or record.state is not State.RUNNING:
                continue
            attempts = record.attempts + blamed
            if attempts <= _MOST_ATTEMPTS:
                self._ledger.note(replace(record, state=State.WAITING, attempts=attempts))
                continue
            failure = Failure(
                code=EngineFailedError.exit_code,
                message=f"{record.name}: the process that decodes died each time ({why})",
                remedy="see transcriber doctor; another model or --device may work",
                kind=EngineFailedError.__name__,
            )
            self._finish(record, State.FAILED, failure=failure)

    def forget(self, job: str) -> None:
        """Forget what is known of a job only while it is decoded."""
        self.segments.pop(job, None)
        self.time_left.pop(job, None)

    def _advance(self, record: JobRecord, message: Message) -> None:
        job, event = record.job, message["event"]
        if event == messages.NOTE and len(record.notes) < _MOST_NOTES:
            noted = replace(record, notes=(*record.notes, message["text"]))
            self._ledger.put(noted, written=False)
        elif event == messages.BEGIN:
            self.segments[job] = []
            course = {name: message[name] for name in ("position", "duration")}
            language = message.get("language")
            self._ledger.put(replace(record, **course, language=language), written=False)
        elif event == messages.WINDOW:
            # The journal has it already, and the page learns of it by its segments.
            self._ledger.records[job] = replace(record, position=message["position"])
            self.time_left[job] = message["time_left"]
            done = max(0.0, message["position"] - record.position)
            self.figures.decoded_seconds += done
            self.segments.setdefault(job, []).extend(message["segments"])
            self._tell("segments", job, message)
        elif event == messages.DOWNLOAD:
            self._tell("download", job, message)

    def _tell(self, kind: str, job: str, message: Message) -> None:
        content = {key: value for key, value in message.items() if key not in ("event", "job")}
        self._bulletin.tell(Event(kind=kind, job=job, content=content))

    def _finish(self, record: JobRecord, state: State, **changes: Any) -> None:
        self.figures.ended[state] += 1
        self.forget(record.job)
        if state is State.DONE:
            self._folders.settle(record.job)
        else:
            self._folders.restore(record.job)
        self._ledger.note(replace(record, state=state, ended=time.time(), **changes))


def _failure(message: Message) -> Failure:
    return Failure(
        code=message["code"],
        message=message["text"],
        remedy=message["remedy"],
        kind=message["kind"],
    )
