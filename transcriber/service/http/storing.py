"""Writing what a client sends into files, as long as the disk has room to spare."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from transcriber.service.http.errors import HttpError
from transcriber.service.http.limits import MIB

KEEP_FREE = 512 * MIB
"""Bytes of a disk that uploads leave to others: the transcripts, and a system that still runs."""

_LOOK_AGAIN = MIB // 2
"""Bytes that are written between two looks at the disk, which take a microsecond. All clients at
once may then write `Limits.connections` times as much, which is not more than twice `KEEP_FREE`."""

_MODE = 0o600
"""Recordings are nobody else's business."""


def free_bytes(folder: Path) -> int:
    """Return the bytes that this user may still write below `folder`."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


class Room:
    """Whether the disk has room for a body that is being received.

    Parameters
    ----------
    folder : Path
        Where it is written.
    length : int, optional
        The bytes of the body, when the client has announced them.
    keep_free : int
        The bytes that are to stay free.
    free : Callable[[Path], int]
        Knows how many are free.

    Raises
    ------
    HttpError
        507 when the body is known not to fit.
    """

    def __init__(
        self, folder: Path, length: int | None, keep_free: int, free: Callable[[Path], int]
    ) -> None:
        self._folder = folder
        self._left = length
        self._keep_free = keep_free
        self._free = free
        self._unseen = 0
        self._look()

    def use(self, size: int) -> None:
        """Say that `size` bytes were written.

        Raises
        ------
        HttpError
            507 when the rest does not fit any more.
        """
        self._unseen += size
        if self._left is not None:
            self._left = max(0, self._left - size)
        if self._unseen >= _LOOK_AGAIN:
            self._look()

    def lacking(self, error: OSError) -> HttpError:
        """Return the error for a write that failed."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return _full(max(1, self._missing()))
        return HttpError(500, f"the upload cannot be kept: {error.strerror}")

    def _look(self) -> None:
        self._unseen = 0
        missing = self._missing()
        if missing > 0:
            raise _full(missing)

    def _missing(self) -> int:
        return (self._left or 0) + self._keep_free - self._free(self._folder)


class StoredFile:
    """A new file that is filled piece by piece.

    Parameters
    ----------
    path : Path
        Its name, which nothing has yet.
    room : Room
        Is asked on the way.

    Raises
    ------
    HttpError
        507 when the disk is full, 500 when the file cannot be made.
    """

    def __init__(self, path: Path, room: Room) -> None:
        self.path = path
        self.size = 0
        self._room = room
        # O_EXCL follows no link, either.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._stream = os.fdopen(os.open(path, flags, _MODE), "wb", buffering=0)
        except OSError as error:
            raise room.lacking(error) from error

    def write(self, piece: bytes | memoryview) -> None:
        """Append `piece`.

        Raises
        ------
        HttpError
            507 when the disk is full.
        """
        left = memoryview(piece)
        try:
            while left:
                left = left[self._stream.write(left) :]
        except OSError as error:
            raise self._room.lacking(error) from error
        self.size += len(piece)
        self._room.use(len(piece))

    def close(self) -> None:
        """Close it; some file systems tell only now that they had no room.

        Raises
        ------
        HttpError
            507 when the disk is full.
        """
        try:
            self._stream.close()
        except OSError as error:
            raise self._room.lacking(error) from error

    def discard(self) -> None:
        """Close and remove it."""
        with contextlib.suppress(OSError):
            self._stream.close()
        with contextlib.suppress(OSError):
            self.path.unlink()


def _full(missing: int) -> HttpError:
    return HttpError(
        507,
        f"the disk of the server lacks {missing:,} bytes for this upload",
        code="insufficient_storage",
    )
