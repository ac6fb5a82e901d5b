"""The folders of jobs: a recording that was uploaded, the journal, and the transcript."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Container
from pathlib import Path
from typing import IO

from transcriber.engine.interface import Transcript
from transcriber.errors import StorageError
from transcriber.files import make_directory, storage_error

DATABASE = "jobs.sqlite"
"""Name of the database of all records, beside the folders."""

_IDENTIFIER_BYTES = 8
"""Nobody finds a job by guessing."""


class Folders:
    """The folders of all jobs, which no other process uses meanwhile.

    Parameters
    ----------
    root : Path
        The folder that they lie in; it is made where it is missing.

    Raises
    ------
    StorageError
        When it cannot be written, or another process uses it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        make_directory(root)
        self._lock = self._own()

    def close(self) -> None:
        """Let another process have them."""
        self._lock.close()

    def new(self) -> str:
        """Make the folder of a new job; return the job's identifier."""
        job = secrets.token_hex(_IDENTIFIER_BYTES)
        self.restore(job)
        return job

    def restore(self, job: str) -> None:
        """Make the folder of a job where it is missing."""
        folder = self.of(job)
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise storage_error("write", folder, error) from error

    def of(self, job: str) -> Path:
        """Return the folder of a job."""
        return self.root / job

    def remove(self, job: str) -> None:
        """Delete the folder of a job, with all that is in it."""
        shutil.rmtree(self.of(job), ignore_errors=True)

    def remove_others(self, jobs: Container[str]) -> None:
        """Delete the folders of all other jobs: of those, nobody knows any more."""
        for folder in self.root.iterdir():
            if folder.is_dir() and folder.name not in jobs:
                shutil.rmtree(folder, ignore_errors=True)

    def transcript(self, job: str) -> Transcript | None:
        """Return the transcript of a job; None where there is none yet."""
        with contextlib.suppress(OSError, ValueError):
            found: Transcript = json.loads((self.of(job) / "transcript.json").read_bytes())
            return found
        return None

    def forget_transcript(self, job: str) -> None:
        """Delete the transcript of a job that is to be decoded anew."""
        with contextlib.suppress(OSError):
            (self.of(job) / "transcript.json").unlink()

    def _own(self) -> IO[bytes]:
        path = self.root / "lock"
        try:
            lock = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb")
        except OSError as error:
            raise storage_error("write", path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise StorageError(
                f"another transcriber works on the jobs in {self.root}",
                "use that one, or give this one a --data_dir of its own",
            ) from error
        return lock
