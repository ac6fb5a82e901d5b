"""Write files so that a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from buildkit.errors import StorageError

_HINTS = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some of your quota or choose another folder",
    errno.EROFS: "choose a folder that is not read-only",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def storage_error(action: str, path: Path, error: OSError) -> StorageError:
    """Turn an `OSError` met while writing `path` into the error that is reported.

    Parameters
    ----------
    action : str
        What was tried, as an infinitive: ``"write"``, ``"create"``.
    path : Path
        The file or folder that it was tried on.
    error : OSError
        What the operating system answered.
    """
    reason = error.strerror or type(error).__name__
    hint = _HINTS.get(error.errno or 0, "choose another folder")
    return StorageError(f"cannot {action} {path}: {reason}", hint)


def make_directory(path: Path) -> None:
    """Create `path` with its parents where it is missing.

    Raises
    ------
    StorageError
        When it cannot be created or is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error("create the folder", path, error) from error


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes `path` when the block ends without an error.

    It lies in the same folder, because a rename is atomic only within one file system. Its
    content is on the disk before the rename, so that a power loss leaves the old file or the new
    one.

    Parameters
    ----------
    path : Path
        The file to create or to replace.

    Yields
    ------
    IO[bytes]
        The file to write to.

    Raises
    ------
    StorageError
        When the file cannot be written; `path` is then as it was before.
    """
    make_directory(path.parent)
    temporary = None
    try:
        # A name has 255 bytes on most file systems, and a character up to four.
        descriptor, temporary = tempfile.mkstemp(
            prefix=f".{path.name[:50]}.", suffix=".new", dir=path.parent
        )
        with os.fdopen(descriptor, "wb") as stream:
            # mkstemp makes a private file; a new file has the mode that the umask grants.
            os.fchmod(descriptor, 0o666 & ~_umask())
            yield stream
            stream.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
        temporary = None
    except OSError as error:
        raise storage_error("write", path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def copy_whole(source: Path, destination: Path) -> None:
    """Copy a file, so that `destination` is whole or not there.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    with source.open("rb") as stream, atomic_writer(destination) as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)


def write_if_different(path: Path, content: bytes) -> bool:
    """Give the file `path` the `content`, and leave its time alone when it has that already.

    Ninja compiles again what is newer than its object.

    Returns
    -------
    bool
        Whether the file was written.
    """
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def _umask() -> int:
    # The mask can only be read by setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
