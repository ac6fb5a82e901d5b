"""The records of all jobs, in a database of SQLite that survives crashes and power failures."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from transcriber.errors import StorageError
from transcriber.files import make_directory, storage_error
from transcriber.jobs.record import Failure, JobRecord, State

_VERSION = 2
"""Of the table. SQLite keeps it as ``user_version``."""

_TABLE = """\
CREATE TABLE jobs (
    job TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    recording BLOB NOT NULL,
    owned INTEGER NOT NULL,
    client TEXT NOT NULL,
    words TEXT NOT NULL,
    kept INTEGER NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    duration REAL,
    position REAL NOT NULL,
    attempts INTEGER NOT NULL,
    failure TEXT,
    notes TEXT NOT NULL,
    language TEXT
) WITHOUT ROWID
"""

_RENEWAL = (
    "BEGIN",
    "CREATE TABLE earlier AS SELECT * FROM jobs",
    "DROP TABLE jobs",
    _TABLE,
    "INSERT INTO jobs SELECT *, NULL FROM earlier",
    "DROP TABLE earlier",
    f"PRAGMA user_version = {_VERSION}",
    "COMMIT;",
)
"""Make version 2 of version 1, which knew no language. Our SQLite cannot alter a table."""

_COLUMNS = tuple(field.name for field in dataclasses.fields(JobRecord))


class JobStore:
    """The records. All methods may be called from any thread.

    Parameters
    ----------
    path : Path
        The database, which is made where it is missing.

    Attributes
    ----------
    is_new : bool
        Whether it was made just now.

    Raises
    ------
    StorageError
        When it cannot be read or written, or a later version of the program made it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        make_directory(path.parent)
        with self._failures(), contextlib.ExitStack() as stack:
            # Before SQLite makes it: what people say is nobody else's business.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            stack.callback(self._database.close)
            # What is confirmed is on the disk.
            self._database.execute("PRAGMA synchronous = FULL")
            (version,) = self._database.execute("PRAGMA user_version").fetchone()
            self.is_new = version == 0
            if self.is_new:
                self._database.executescript(
                    f"BEGIN; {_TABLE}; PRAGMA user_version = {_VERSION}; COMMIT;"
                )
            elif version == 1:
                self._database.executescript(";".join(_RENEWAL))
            elif version != _VERSION:
                raise StorageError(
                    f"{path} was made by another version of the program",
                    "use that version, or move the file away",
                )
            stack.pop_all()

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def all(self) -> list[JobRecord]:
        """Return all jobs, the oldest first."""
        query = f"SELECT {', '.join(_COLUMNS)} FROM jobs ORDER BY created, job"  # noqa: S608
        with self._failures():
            rows = self._database.execute(query).fetchall()
        try:
            return [_record(row) for row in rows]
        except (TypeError, ValueError) as error:
            raise StorageError(
                f"{self._path}: a job in it makes no sense ({error})", "move the file away"
            ) from error

    def put(self, record: JobRecord) -> None:
        """Add a job, or replace what is known of it."""
        marks = ", ".join("?" * len(_COLUMNS))
        with self._failures():
            self._database.execute(f"REPLACE INTO jobs VALUES ({marks})", _row(record))  # noqa: S608

    def remove(self, job: str) -> None:
        """Forget a job."""
        with self._failures():
            self._database.execute("DELETE FROM jobs WHERE job = ?", (job,))

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise StorageError(
                    f"{self._path}: {error}",
                    "free some space if the disk is full; else move the file away",
                ) from error
            except OSError as error:
                raise storage_error("write", self._path, error) from error


def _row(record: JobRecord) -> tuple[Any, ...]:
    values = {name: getattr(record, name) for name in _COLUMNS}
    failure = record.failure
    values |= {
        "name": record.name.encode("utf-8", "replace").decode(),
        "recording": os.fsencode(record.recording),
        "words": json.dumps(record.words),
        "state": str(record.state),
        "failure": json.dumps(dataclasses.asdict(failure)) if failure else None,
        "notes": json.dumps(record.notes),
    }
    return tuple(values[name] for name in _COLUMNS)


def _record(row: tuple[Any, ...]) -> JobRecord:
    values = dict(zip(_COLUMNS, row, strict=True))
    failure = values["failure"]
    values |= {
        "recording": Path(os.fsdecode(values["recording"])),
        "owned": bool(values["owned"]),
        "kept": bool(values["kept"]),
        "words": tuple(json.loads(values["words"])),
        "state": State(values["state"]),
        "failure": Failure(**json.loads(failure)) if failure else None,
        "notes": tuple(json.loads(values["notes"])),
    }
    return JobRecord(**values)
