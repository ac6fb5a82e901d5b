"""The queue: takes in jobs, has them decoded, and tells what becomes of them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from transcriber.engine.interface import Segment, Transcript
from transcriber.errors import EngineFailedError, StorageError
from transcriber.jobs.bulletin import Bulletin, Event
from transcriber.jobs.feeding import Feeding
from transcriber.jobs.folders import DATABASE, Folders
from transcriber.jobs.record import OVER, Failure, JobRecord, State
from transcriber.jobs.store import JobStore
from transcriber.jobs.turns import in_turn
from transcriber.worker import messages
from transcriber.worker.messages import Message, Order

_MOST_ATTEMPTS = 2
"""Deaths of the process that decodes which a job survives. It is by itself the second time, so
the third is its own fault or that of the machine."""

_MOST_NOTES = 100
"""Notes that are kept of a job: a damaged recording may have thousands."""


class JobQueue:
    """All jobs, which outlive the process. All methods may be called from any thread.

    Parameters
    ----------
    root : Path
        The folder of everything.
    keep_alive : float
        Seconds that the model stays in memory without a job.
    log : callable
        Is told what an administrator should know, in a line each.

    Attributes
    ----------
    bulletin : Bulletin
        Tells what happens.
    folders : Folders
        Where the files of jobs lie.
    ended : Counter of str
        How many jobs came to each end since the start.
    decoded_seconds : float
        Seconds of recordings that were decoded since then.

    Raises
    ------
    StorageError
        When the folder cannot be used.
    """

    def __init__(self, root: Path, *, keep_alive: float, log: Callable[[str], None]) -> None:
        self.bulletin = Bulletin()
        self.folders = Folders(root)
        self._log = log
        with contextlib.ExitStack() as stack:
            stack.callback(self.folders.close)
            self._store = JobStore(root / DATABASE)
            stack.callback(self._store.close)
            self._records = self._restored()
            stack.pop_all()
        self._lock = threading.RLock()
        self._segments: dict[str, list[Segment]] = {}
        self._time_left: dict[str, float | None] = {}
        self.ended: Counter[str] = Counter()
        self.decoded_seconds = 0.0
        # Those whose folders go as soon as nobody works on them any more.
        self._removed: set[str] = set()
        # Those that are still decoded with options that nobody wants any more.
        self._outdated: set[str] = set()
        # Those of which the database does not know the last.
        self._unwritten: set[str] = set()
        self._is_paused = False
        with self._lock:
            self._feeding = Feeding(
                self._lock,
                keep_alive=keep_alive,
                wanted=self._wanted,
                begun=self._begun,
                told=self._told,
                died=self._died,
            )

    def close(self) -> None:
        """End the process that decodes; what it worked on continues at the next start."""
        self._feeding.stop()
        with self._lock:
            self._write_left()
            passing = {one.job for one in self._records.values() if not one.kept}
            for job in passing | self._removed:
                self.folders.remove(job)
        self._store.close()
        self.folders.close()

    @property
    def is_paused(self) -> bool:
        """Whether nothing new is begun."""
        return self._is_paused

    @property
    def decoder(self) -> int | None:
        """The number of the process that decodes; None while there is none."""
        return self._feeding.pid

    def pause_all(self, paused: bool) -> None:
        """Begin nothing new from now on, or go on."""
        with self._lock:
            self._is_paused = paused
            self._feeding.wake()
        self.bulletin.tell(Event(kind="queue", content={"paused": paused}))

    def jobs(self) -> list[JobRecord]:
        """Return all jobs, the oldest first."""
        with self._lock:
            return list(self._records.values())

    def job(self, job: str) -> JobRecord | None:
        """Return a job; None where there is none of that identifier."""
        with self._lock:
            return self._records.get(job)

    def places(self) -> dict[str, int]:
        """Return how many others begin before each job that waits."""
        with self._lock:
            return {one.job: place for place, one in enumerate(in_turn(self._records.values()))}

    def submit(
        self,
        *,
        name: str,
        recording: Path,
        words: Sequence[str],
        client: str,
        job: str = "",
        kept: bool = True,
        priority: int = 0,
    ) -> JobRecord:
        """Take in a job.

        Parameters
        ----------
        name : str
            What the recording is called.
        recording : Path
            The file. It is the job's own where it lies in the job's folder.
        words : sequence of str
            How it is decoded, as options of the command line.
        client : str
            Who wants it.
        job : str
            The identifier, where its folder was made already.
        kept, priority
            As `JobRecord` has them.

        Raises
        ------
        StorageError
            When it cannot be written down.
        """
        made, job = not job, job or self.folders.new()
        record = JobRecord(
            job=job,
            name=name,
            recording=recording,
            owned=recording.is_relative_to(self.folders.of(job)),
            client=client,
            words=tuple(words),
            kept=kept,
            priority=priority,
            created=time.time(),
        )
        with self._lock:
            try:
                self._put(record)
            except StorageError:
                if made:
                    self.folders.remove(job)
                raise
            self._feeding.wake()
        return record

    def cancel(self, job: str) -> JobRecord | None:
        """Have a job given up; what is over stays as it is."""
        return self._stop(job, State.CANCELLED)

    def pause(self, job: str) -> JobRecord | None:
        """Put a job aside; what was decoded of it is kept."""
        return self._stop(job, State.PAUSED)

    def resume(self, job: str) -> JobRecord | None:
        """Go on with a job that was put aside, given up, or failed."""
        with self._lock:
            record = self._records.get(job)
            if record is None or record.state not in (OVER - {State.DONE}) | {State.PAUSED}:
                return record
            self._feeding.wake()
            return self._put(
                replace(record, state=State.WAITING, ended=None, failure=None, attempts=0)
            )

    def again(self, job: str, words: Sequence[str]) -> JobRecord | None:
        """Decode a recording anew, with other options; what is being decoded begins anew."""
        with self._lock:
            record = self._records.get(job)
            if record is None:
                return None
            fresh = JobRecord(
                job=job,
                name=record.name,
                recording=record.recording,
                owned=record.owned,
                client=record.client,
                words=tuple(words),
                kept=record.kept,
                priority=record.priority,
                created=time.time(),
                duration=record.duration,
            )
            self._put(fresh)
            if job in self._feeding.jobs:
                self._outdated.add(job)
                self._feeding.cancel(job)
            self.folders.forget_transcript(job)
            self._forget(job)
            self._feeding.wake()
            return fresh

    def prioritise(self, job: str, priority: int) -> JobRecord | None:
        """Give a job another priority."""
        with self._lock:
            record = self._records.get(job)
            return record and self._put(replace(record, priority=priority))

    def remove(self, job: str) -> bool:
        """Forget a job with all its files; return whether it was there."""
        with self._lock:
            record = self._records.get(job)
            if record is None:
                return False
            if record.kept:
                self._store.remove(job)
            if record.state not in OVER:
                self.ended[State.CANCELLED] += 1
            del self._records[job]
            self._unwritten.discard(job)
            self._forget(job)
            self._removed.add(job)
            self._feeding.cancel(job)
            self._clear()
        self.bulletin.tell(Event(kind="removed", job=job, content={}))
        return True

    def time_left(self, job: str) -> float | None:
        """Return the seconds until a job is done, at the pace so far; None where it is unknown."""
        with self._lock:
            return self._time_left.get(job)

    def segments(self, job: str) -> list[Segment]:
        """Return what is decoded of a job so far."""
        with self._lock:
            if job in self._segments:
                return list(self._segments[job])
        transcript = self.folders.transcript(job)
        return transcript["segments"] if transcript else []

    def transcript(self, job: str) -> Transcript | None:
        """Return the transcript of a job that is done; None of any other."""
        record = self.job(job)
        done = record is not None and record.state is State.DONE
        return self.folders.transcript(job) if done else None

    def _restored(self) -> dict[str, JobRecord]:
        """Take up what an earlier process left."""
        # Where one stood that was running, its journal tells.
        records = {
            one.job: replace(one, state=State.WAITING) if one.state is State.RUNNING else one
            for one in self._store.all()
        }
        if not self._store.is_new:
            self.folders.remove_others(records)
        elif count := self.folders.put_aside():
            self._log(f"{self.folders.root} has no list of its {count} jobs: see found/ there")
        return records

    def _put(self, record: JobRecord, *, written: bool = True) -> JobRecord:
        """Take note of what is known of a job now, and tell it."""
        if record.kept and written:
            self._store.put(record)
            self._unwritten.discard(record.job)
        self._records[record.job] = record
        self.bulletin.tell(Event(kind="job", job=record.job, content={}))
        return record

    def _note(self, record: JobRecord) -> None:
        """Take note of what has happened already, whether or not it can be written down."""
        try:
            self._put(record)
            self._write_left()
        except StorageError as error:
            self._log(f"what became of {record.name} is not written down yet: {error}")
            self._unwritten.add(record.job)
            self._put(record, written=False)

    def _write_left(self) -> None:
        with contextlib.suppress(StorageError):
            for job in [*self._unwritten]:
                self._store.put(self._records[job])
                self._unwritten.discard(job)

    def _stop(self, job: str, state: State) -> JobRecord | None:
        with self._lock:
            record = self._records.get(job)
            if record is None or record.state in OVER or record.state is state:
                return record
            ended = time.time() if state in OVER else None
            stopped = self._put(replace(record, state=state, ended=ended))
            if state in OVER:
                self.ended[state] += 1
            self._feeding.cancel(job)
            self._feeding.wake()
            return stopped

    def _wanted(self) -> list[tuple[Order, bool]]:
        """Return what may begin, in its order, and whether each must be by itself."""
        if self._is_paused:
            return []
        return [
            (
                Order(
                    job=one.job,
                    recording=one.recording,
                    label=one.name,
                    folder=self.folders.root,
                    words=one.words,
                ),
                one.attempts > 0,
            )
            for one in in_turn(self._records.values())
        ]

    def _begun(self, job: str) -> None:
        record = self._records[job]
        self._put(replace(record, state=State.RUNNING, started=time.time()), written=False)

    def _told(self, message: Message) -> None:
        """Take in what the process that decodes says."""
        job, event = message["job"], message["event"]
        with self._lock:
            if event in messages.LAST:
                self._clear()
                self._feeding.wake()
            record = self._records.get(job)
            if record is None:
                return
            if job in self._outdated:
                if event in messages.LAST:
                    self._outdated.discard(job)
                    self.folders.forget_transcript(job)
                return
            if event == messages.DONE:
                # What was given up before this was known stays so.
                if record.state is not State.CANCELLED:
                    self._finish(record, State.DONE, position=message["duration"])
            elif event == messages.FAILED:
                if record.state is State.RUNNING:
                    failure = Failure(
                        code=message["code"],
                        message=message["text"],
                        remedy=message["remedy"],
                        kind=message["kind"],
                    )
                    self._finish(record, State.FAILED, failure=failure)
            elif record.state is State.RUNNING:
                self._advance(record, message)

    def _advance(self, record: JobRecord, message: Message) -> None:
        job, event = record.job, message["event"]
        if event == messages.NOTE and len(record.notes) < _MOST_NOTES:
            self._put(replace(record, notes=(*record.notes, message["text"])), written=False)
        elif event == messages.BEGIN:
            self._segments[job] = []
            course = {name: message[name] for name in ("position", "duration")}
            self._put(replace(record, **course), written=False)
        elif event == messages.WINDOW:
            # The journal has it already.
            self._records[job] = replace(record, position=message["position"])
            self._time_left[job] = message["time_left"]
            self.decoded_seconds += max(0.0, message["position"] - record.position)
            self._segments.setdefault(job, []).extend(message["segments"])
            self._tell("segments", job, message)
        elif event == messages.DOWNLOAD:
            self._tell("download", job, message)

    def _tell(self, kind: str, job: str, message: Message) -> None:
        content = {key: value for key, value in message.items() if key not in ("event", "job")}
        self.bulletin.tell(Event(kind=kind, job=job, content=content))

    def _finish(self, record: JobRecord, state: State, **changes: Any) -> None:
        self.ended[state] += 1
        self._forget(record.job)
        self._note(replace(record, state=state, ended=time.time(), **changes))

    def _forget(self, job: str) -> None:
        """Forget what is known of a job only while it is decoded."""
        self._segments.pop(job, None)
        self._time_left.pop(job, None)

    def _died(self, jobs: Sequence[str], why: str, blamed: bool) -> None:
        """Have what the process worked on decoded by another one.

        Where one of the jobs may be to blame, each by itself.
        """
        with self._lock:
            self._log(f"the process that decodes has died ({why})")
            self._outdated.difference_update(jobs)
            for job in jobs:
                record = self._records.get(job)
                if record is None or record.state is not State.RUNNING:
                    continue
                attempts = record.attempts + blamed
                if attempts <= _MOST_ATTEMPTS:
                    self._note(replace(record, state=State.WAITING, attempts=attempts))
                    continue
                failure = Failure(
                    code=11,
                    message=f"{record.name}: the process that decodes died each time ({why})",
                    remedy="see transcriber doctor; another model or --device may work",
                    kind=EngineFailedError.__name__,
                )
                self._finish(record, State.FAILED, failure=failure)
            self._clear()

    def _clear(self) -> None:
        """Delete the folders of removed jobs that nobody works on any more."""
        for job in self._removed - set(self._feeding.jobs):
            self._removed.discard(job)
            self.folders.remove(job)
