"""A part of a file, read while it is sent."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from transcriber.service.http.limits import KIB
from transcriber.service.http.ranges import Span

_BLOCK = 64 * KIB
"""Bytes that are read at once: each client that is slow to take them holds one."""


class FilePart:
    """The bytes of a file, all of them until `choose` names a part.

    Parameters
    ----------
    path : Path
        A regular file.

    Raises
    ------
    OSError
        When it cannot be opened, or is a folder or a device.
    """

    def __init__(self, path: Path) -> None:
        # A pipe without a writer would block for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self._stream = os.fdopen(descriptor, "rb", buffering=0)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            self._stream.close()
            raise OSError(f"{path} is no regular file")
        self.size = self._left = status.st_size
        # A file that is replaced has another inode, one that is written another time.
        self.tag = f'"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"'

    def choose(self, span: Span) -> None:
        """Read `span` of it only."""
        self._stream.seek(span.first)
        self._left = span.length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = self._stream.read(min(self._left, _BLOCK)) if self._left else b""
        if not block:
            raise StopIteration
        self._left -= len(block)
        return block

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
