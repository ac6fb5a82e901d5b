"""The folders of jobs: a recording that was uploaded, the journal, and the transcript."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Container
from pathlib import Path
from typing import IO

from transcriber.engine.interface import DecodedWindows, Segment, Transcript
from transcriber.errors import StorageError
from transcriber.files import make_directory, storage_error
from transcriber.transcript.cues import tidied
from transcriber.transcript.journal import journal_path, read_journal

DATABASE = "jobs.sqlite"
"""Name of the database of all records, beside the folders."""

_IDENTIFIER_BYTES = 8
"""Nobody finds a job by guessing."""

_IDENTIFIER = re.compile(rf"[0-9a-f]{{{2 * _IDENTIFIER_BYTES}}}")

_LOCK = "lock"

TRANSCRIPT = "transcript.json"
EDITED = "edited.json"
"""What somebody has made of the transcript."""

_BEFORE = ".before"
"""Ending of both while the recording is decoded anew, until there is another transcript."""

_FOUND = "found"
"""Folder of the folders that no database knows: what is in them may be dear to somebody."""


class OccupiedError(StorageError):
    """Another process works on the jobs."""


def in_use(root: Path) -> bool:
    """Whether a process uses the folders of jobs that lie in a folder."""
    try:
        with (root / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    except OSError:
        # Some network file systems have no locks.
        return True
    return False


class Folders:
    """The folders of all jobs, which no other process uses meanwhile.

    Parameters
    ----------
    root : Path
        The folder that they lie in; it is made where it is missing.

    Raises
    ------
    OccupiedError
        When another process uses it.
    StorageError
        When it cannot be written.
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
        folder = self.of(job)
        try:
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise storage_error("write", folder, error) from error
        return job

    def of(self, job: str) -> Path:
        """Return the folder of a job."""
        return self.root / job

    def remove(self, job: str) -> None:
        """Delete the folder of a job, with all that is in it."""
        shutil.rmtree(self.of(job), ignore_errors=True)

    def remove_others(self, jobs: Container[str]) -> None:
        """Delete the folders of all other jobs: of those, nobody knows any more."""
        for job in self._all():
            if job not in jobs:
                self.remove(job)

    def put_aside(self) -> int:
        """Move the folders of all jobs out of the way, and return how many there were.

        Raises
        ------
        StorageError
            When they cannot be moved.
        """
        jobs = self._all()
        if jobs:
            aside = self.root / _FOUND
            make_directory(aside)
            for job in jobs:
                try:
                    self.of(job).rename(aside / job)
                except OSError as error:
                    raise storage_error("write", aside / job, error) from error
        return len(jobs)

    def transcript(self, job: str) -> Transcript | None:
        """Return the transcript of a job; None where there is none yet."""
        with contextlib.suppress(OSError, ValueError):
            found: Transcript = json.loads((self.of(job) / TRANSCRIPT).read_bytes())
            return found
        return None

    def segments(self, job: str) -> list[Segment]:
        """Return the segments of a job's transcript, or of its journal until there is one."""
        transcript = self.transcript(job)
        if transcript is not None:
            return transcript["segments"]
        with contextlib.suppress(OSError):
            kept = read_journal(journal_path(self.of(job) / Path(TRANSCRIPT).stem))
            return tidied(DecodedWindows(windows=tuple(kept.windows)).segments)
        return []

    def forget_transcript(self, job: str) -> None:
        """Delete what was decoded with options that nobody wants any more."""
        with contextlib.suppress(OSError):
            (self.of(job) / TRANSCRIPT).unlink()

    def set_aside(self, job: str, *, whole: bool = False) -> None:
        """Put the transcript of a job that is decoded anew aside, and what was made of it.

        With `whole` only where there is one: what was made of a part stays with it.
        """
        folder = self.of(job)
        if whole and not (folder / TRANSCRIPT).exists():
            return
        pairs = [(folder / name, folder / f"{name}{_BEFORE}") for name in (TRANSCRIPT, EDITED)]
        with contextlib.suppress(OSError):
            if pairs[0][1].exists() and not pairs[0][0].exists():
                # The last whole one counts, not what an attempt has left.
                pairs[1][0].unlink(missing_ok=True)
                return
            for present, before in pairs:
                before.unlink(missing_ok=True)
                if present.exists():
                    present.replace(before)

    def restore(self, job: str) -> bool:
        """Bring back what was set aside, since nothing new came of it; return whether it was."""
        folder = self.of(job)
        names = [name for name in (TRANSCRIPT, EDITED) if (folder / f"{name}{_BEFORE}").exists()]
        if not names:
            return False
        with contextlib.suppress(OSError):
            (folder / EDITED).unlink(missing_ok=True)
            for name in names:
                (folder / f"{name}{_BEFORE}").replace(folder / name)
        return True

    def settle(self, job: str) -> None:
        """Delete what was set aside: there is a new transcript."""
        for name in (TRANSCRIPT, EDITED):
            with contextlib.suppress(OSError):
                (self.of(job) / f"{name}{_BEFORE}").unlink(missing_ok=True)

    def _all(self) -> list[str]:
        # The folder may be one that the user has other things in.
        return [
            one.name
            for one in self.root.iterdir()
            if _IDENTIFIER.fullmatch(one.name) and one.is_dir() and not one.is_symlink()
        ]

    def _own(self) -> IO[bytes]:
        path = self.root / _LOCK
        try:
            lock = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "rb")
        except OSError as error:
            raise storage_error("write", path, error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.close()
            raise OccupiedError(
                f"another transcriber works on the jobs in {self.root}",
                "use that one, or give this one a --data_dir of its own",
            ) from error
        except OSError:
            # Some network file systems have no locks; one process at a time works there too.
            pass
        return lock
