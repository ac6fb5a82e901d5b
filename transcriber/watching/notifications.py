"""What Linux tells of changes in folders (inotify): only that there are some, not which."""

from __future__ import annotations

import contextlib
import ctypes
import os
from pathlib import Path

_CLOSE_WRITE, _MOVED, _CREATE, _DELETE = 0x8, 0x40 | 0x80, 0x100, 0x200
_FOLDERS_ONLY = 0x01000000

_CHANGES = _CLOSE_WRITE | _MOVED | _CREATE | _DELETE | _FOLDERS_ONLY

_READ_BYTES = 1 << 16


class Notifications:
    """Becomes readable when something happens in one of the folders.

    Folders are looked through then, so that events that were lost, or are of no known folder, do no
    harm. Where the system tells nothing, as on network file systems, this never is readable.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)

    def close(self) -> None:
        """Hear no more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def fileno(self) -> int:
        """Return the descriptor to wait for; below 0 where the system has no more of them."""
        return self._descriptor

    def add(self, folder: Path) -> None:
        """Hear of a folder, too; once more does nothing, and neither does one too many."""
        if self._descriptor >= 0:
            self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _CHANGES)

    def drain(self) -> None:
        """Take all that was told."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._descriptor, _READ_BYTES):
                pass
