"""The queue: takes in jobs, has them decoded, and tells what becomes of them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from transcriber.engine.interface import Segment, Transcript
from transcriber.errors import StorageError
from transcriber.jobs.bulletin import Bulletin, Event
from transcriber.jobs.feeding import Feeding
from transcriber.jobs.folders import DATABASE, Folders
from transcriber.jobs.hearing import Hearing
from transcriber.jobs.ledger import Ledger
from transcriber.jobs.record import OVER, JobRecord, State
from transcriber.jobs.store import JobStore
from transcriber.jobs.turns import Wanted, in_turn, orders
from transcriber.worker import messages
from transcriber.worker.messages import Message


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
    figures : Figures
        What was done since the start.

    Raises
    ------
    StorageError
        When the folder cannot be used.
    """

    def __init__(self, root: Path, *, keep_alive: float, log: Callable[[str], None]) -> None:
        self.bulletin = Bulletin()
        self.folders = Folders(root)
        self._lock = threading.RLock()
        with contextlib.ExitStack() as stack:
            stack.callback(self.folders.close)
            self._store = JobStore(root / DATABASE)
            stack.callback(self._store.close)
            self._ledger = Ledger(self._store, self.bulletin, log)
            self._hearing = Hearing(self._ledger, self.folders, self.bulletin, log)
            self._clear_up(log)
            stack.pop_all()
        self.figures = self._hearing.figures
        # Those whose folders go as soon as nobody works on them any more.
        self._removed: set[str] = set()
        self._is_paused = False
        with self._lock:
            self._feeding = Feeding(
                self._lock,
                keep_alive=keep_alive,
                wanted=self._wanted,
                begun=self._hearing.begun,
                set_aside=self._hearing.set_aside,
                told=self._told,
                died=self._died,
            )

    def close(self) -> None:
        """End the process that decodes; what it worked on continues at the next start."""
        self._feeding.stop()
        with self._lock:
            self._ledger.write_left()
            passing = {one.job for one in self._ledger.records.values() if not one.kept}
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
            return list(self._ledger.records.values())

    def job(self, job: str) -> JobRecord | None:
        """Return a job; None where there is none of that identifier."""
        with self._lock:
            return self._ledger.records.get(job)

    def places(self) -> dict[str, int]:
        """Return how many others begin before each job that waits."""
        with self._lock:
            return {
                one.job: place for place, one in enumerate(in_turn(self._ledger.records.values()))
            }

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
                self._ledger.put(record)
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
            record = self._ledger.records.get(job)
            if record is None or record.state not in (OVER - {State.DONE}) | {State.PAUSED}:
                return record
            self._feeding.wake()
            waiting = self._ledger.put(record.once_more())
            self.folders.set_aside(job, whole=True)
            return waiting

    def again(self, job: str, words: Sequence[str]) -> JobRecord | None:
        """Decode a recording anew, with other options; what is being decoded begins anew."""
        with self._lock:
            record = self._ledger.records.get(job)
            if record is None:
                return None
            fresh = record.anew(words, created=time.time())
            self._ledger.put(fresh)
            if job in self._feeding.jobs:
                self._hearing.outdated.add(job)
                self._feeding.cancel(job)
            self.folders.set_aside(job)
            self._hearing.forget(job)
            self._feeding.wake()
            return fresh

    def prioritise(self, job: str, priority: int) -> JobRecord | None:
        """Give a job another priority."""
        with self._lock:
            record = self._ledger.records.get(job)
            return record and self._ledger.put(replace(record, priority=priority))

    def remove(self, job: str) -> bool:
        """Forget a job with all its files; return whether it was there."""
        with self._lock:
            record = self._ledger.records.get(job)
            if record is None:
                return False
            self._ledger.remove(record)
            if record.state not in OVER:
                self.figures.ended[State.CANCELLED] += 1
            self._hearing.forget(job)
            self._removed.add(job)
            self._feeding.cancel(job)
            self._clear()
        self.bulletin.tell(Event(kind="removed", job=job, content={}))
        return True

    def time_left(self, job: str) -> float | None:
        """Return the seconds until a job is done, at the pace so far; None where it is unknown."""
        with self._lock:
            return self._hearing.time_left.get(job)

    def segments(self, job: str) -> list[Segment]:
        """Return what is decoded of a job so far."""
        with self._lock:
            if job in self._hearing.segments:
                return list(self._hearing.segments[job])
        return self.folders.segments(job)

    def transcript(self, job: str) -> Transcript | None:
        """Return the transcript of a job that is done; None of any other."""
        record = self.job(job)
        done = record is not None and record.state is State.DONE
        return self.folders.transcript(job) if done else None

    def _clear_up(self, log: Callable[[str], None]) -> None:
        """See to folders that an earlier process left."""
        if not self._store.is_new:
            self.folders.remove_others(self._ledger.records)
        elif count := self.folders.put_aside():
            log(f"{self.folders.root} has no list of its {count} jobs: see found/ there")

    def _stop(self, job: str, state: State) -> JobRecord | None:
        with self._lock:
            record = self._ledger.records.get(job)
            if record is None or record.state in OVER or record.state is state:
                return record
            ended = time.time() if state in OVER else None
            stopped = self._ledger.put(replace(record, state=state, ended=ended))
            if state in OVER:
                self.figures.ended[state] += 1
                self._hearing.given_up(job)
            self._feeding.cancel(job)
            self._feeding.wake()
            return stopped

    def _wanted(self) -> list[Wanted]:
        """Return what may begin, in its order."""
        if self._is_paused:
            return []
        return orders(self._ledger.records.values(), self.folders.root)

    def _told(self, message: Message) -> None:
        """Take in what the process that decodes says."""
        with self._lock:
            if message["event"] in messages.LAST:
                self._clear()
                self._feeding.wake()
            self._hearing.told(message)

    def _died(self, jobs: Sequence[str], why: str, blamed: bool) -> None:
        with self._lock:
            self._hearing.died(jobs, why, blamed=blamed)
            self._clear()

    def _clear(self) -> None:
        """Delete the folders of removed jobs that nobody works on any more."""
        for job in self._removed - set(self._feeding.jobs):
            self._removed.discard(job)
            self.folders.remove(job)
