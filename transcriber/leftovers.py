"""What a killed run leaves behind: files with hidden names that were to get their own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

UNFINISHED = ".transcriber-new"
"""What the hidden name of a file ends in that is not yet what it is to be."""

_ABANDONED_SECONDS = 86400
"""Where a file system has no locks, nobody writes to a file of that age any more."""

_SEARCHED: set[Path] = set()
"""Folders that have nothing of a killed run any more."""


def remove_leftovers(folder: Path) -> None:
    """Delete what runs that were killed have left in a folder; once is enough for a run."""
    if folder in _SEARCHED:
        return
    _SEARCHED.add(folder)
    # A folder that may be written to need not be readable.
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and entry.name.endswith(UNFINISHED):
                with contextlib.suppress(OSError):
                    _remove_abandoned(folder / entry.name)


def lock(descriptor: int) -> bool:
    """Lock a file; return whether that was possible: some network file systems have no locks.

    Raises
    ------
    BlockingIOError
        When another process has locked it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def _remove_abandoned(path: Path) -> None:
    """Delete a temporary file that no process has locked."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags)
    try:
        age = time.time() - os.fstat(descriptor).st_mtime
        if lock(descriptor) or age > _ABANDONED_SECONDS:
            path.unlink()
    finally:
        os.close(descriptor)
