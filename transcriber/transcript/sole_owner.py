"""A file that one process at a time has open, and that its owner may delete."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from transcriber.errors import StorageError
from transcriber.files import storage_error


@contextlib.contextmanager
def sole_owner(path: Path) -> Iterator[IO[bytes]]:
    """Open a journal for reading and writing, which is made where it is missing.

    Parameters
    ----------
    path : Path
        The file, whose folder exists.

    Raises
    ------
    StorageError
        When it cannot be written, or another process is using it.
    """
    stream = _open(path)
    try:
        _lock(stream, path)
        while not _is_at(stream, path):
            # Its owner finished and deleted it between the two lines above.
            stream.close()
            stream = _open(path)
            _lock(stream, path)
        yield stream
    finally:
        # A write that failed has been told; closing tries it once more.
        with contextlib.suppress(OSError):
            stream.close()


def _open(path: Path) -> IO[bytes]:
    try:
        # Append mode would write at the end whatever the offset is; this creates and keeps.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise storage_error("write", path, error) from error
    return os.fdopen(descriptor, "r+b")


def _is_at(stream: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except OSError:
        return False


def _lock(stream: IO[bytes], path: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StorageError(
            f"another process is writing the transcript that {path} belongs to",
            "wait for it, or choose another --output_dir",
        ) from error
    except OSError:
        # Some network file systems have no locks; one process at a time works there too.
        pass
