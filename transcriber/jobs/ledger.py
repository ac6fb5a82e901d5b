"""What is known of all jobs: in memory for whoever asks, and in the database for the next start."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from transcriber.errors import StorageError
from transcriber.jobs.bulletin import Bulletin, Event
from transcriber.jobs.record import OVER, JobRecord, State
from transcriber.jobs.store import JobStore


class Ledger:
    """The records of all jobs. Its caller lets one thread in at a time.

    Parameters
    ----------
    store : JobStore
        The database.
    bulletin : Bulletin
        Is told of each change.
    log : callable
        Is told what an administrator should know.

    Attributes
    ----------
    records : dict of str to JobRecord
        Of each job, the oldest first.
    """

    def __init__(self, store: JobStore, bulletin: Bulletin, log: Callable[[str], None]) -> None:
        self._store = store
        self._bulletin = bulletin
        self._log = log
        # Where one stood that was running, its journal tells.
        self.records = {
            one.job: replace(one, state=State.WAITING) if one.state is State.RUNNING else one
            for one in store.all()
        }
        # Those of which the database does not know the last.
        self._unwritten: set[str] = set()

    def put(self, record: JobRecord, *, written: bool = True) -> JobRecord:
        """Take note of what is known of a job now, and tell it.

        Parameters
        ----------
        record : JobRecord
            The job.
        written : bool
            Whether the next start has to know it.

        Raises
        ------
        StorageError
            When it cannot be written; nothing has changed then.
        """
        if record.kept and written:
            self._store.put(record)
            self._unwritten.discard(record.job)
        self.records[record.job] = record
        self._bulletin.tell(Event(kind="job", job=record.job, content={}))
        return record

    def note(self, record: JobRecord) -> None:
        """Take note of what has happened already, whether or not it can be written down."""
        try:
            self.put(record)
            self.write_left()
        except StorageError as error:
            self._log(f"what became of {record.name} is not written down yet: {error}")
            self._unwritten.add(record.job)
            self.put(record, written=False)

    def write_left(self) -> None:
        """Write down what could not be before, as far as it can be now."""
        with contextlib.suppress(StorageError):
            for job in [*self._unwritten]:
                self._store.put(self.records[job])
                self._unwritten.discard(job)

    def remove(self, record: JobRecord) -> None:
        """Forget a job.

        Raises
        ------
        StorageError
            When that cannot be written; nothing has changed then.
        """
        if record.kept:
            try:
                self._store.remove(record.job)
            except StorageError:
                if not (record.owned and record.state in OVER):
                    raise
                # On a full disk it is the recording that makes room for writing so.
                with contextlib.suppress(OSError):
                    record.recording.unlink()
                self._store.remove(record.job)
        del self.records[record.job]
        self._unwritten.discard(record.job)
