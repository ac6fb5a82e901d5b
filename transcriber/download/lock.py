"""One process at a time for each published file."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from transcriber.download.published import PublishedFile
from transcriber.files import storage_error

_UNSUPPORTED = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
"""What network and FUSE file systems without locks answer."""


class FileLock:
    """A lock on the file `path`, which the kernel drops when its process dies.

    Parameters
    ----------
    path : Path
        The lock file; it is made, and deleted on release.

    Attributes
    ----------
    supported : bool
        False where the file system has no locks; the lock is then held by name only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self.supported = True

    def acquire(self) -> bool:
        """Take the lock if it is free, and tell whether it is held now.

        Raises
        ------
        StorageError
            When the lock file cannot be made.
        """
        while True:
            try:
                descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            except OSError as error:
                raise storage_error("write to the folder", self._path.parent, error) from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                return False
            except OSError as error:
                if error.errno not in _UNSUPPORTED:
                    os.close(descriptor)
                    raise storage_error("lock", self._path, error) from error
                self.supported = False
            if self._is_current(descriptor):
                self._descriptor = descriptor
                return True
            # Its holder deleted the file between our opening and our locking it.
            os.close(descriptor)

    def release(self) -> None:
        """Give the lock back and delete its file."""
        if self._descriptor is None:
            return
        # Deleted while it is still held: whoever waits for it finds that its file is gone.
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)
        self._descriptor = None

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False


def lock_path(file: PublishedFile, directory: Path) -> Path:
    """Return the file that a process locks while it writes what belongs to `file`."""
    return directory / f".{file.file_name}.lock"
