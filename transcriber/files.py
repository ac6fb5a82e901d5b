"""Writing files so that a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from transcriber.errors import StorageError
from transcriber.leftovers import UNFINISHED, lock, remove_leftovers

_DESCRIPTORS = "/proc/self/fd"

NAME_BYTES = 255
"""The longest file name that Linux file systems take."""

_REMEDIES = {
    errno.ENOSPC: "free some space or choose another folder",
    errno.EDQUOT: "free some of your quota or choose another folder",
    errno.EROFS: "choose a folder that is not read-only",
    errno.EACCES: "choose a folder that you may write to",
    errno.EPERM: "choose a folder that you may write to",
    errno.ENAMETOOLONG: "choose a shorter name",
}


def storage_error(action: str, path: Path, error: OSError) -> StorageError:
    """Turn an `OSError` met while writing `path` into the error that the user reads.

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
    remedy = _REMEDIES.get(error.errno or 0, "choose another folder")
    return StorageError(f"cannot {action} {path}: {reason}", remedy)


def temporary_file_error(content: str, error: OSError) -> StorageError:
    """Turn an `OSError` met while writing a temporary file into the error that the user reads.

    Parameters
    ----------
    content : str
        What was to be kept in it.
    error : OSError
        What the operating system answered.
    """
    reason = error.strerror or type(error).__name__
    return StorageError(
        f"cannot keep {content} in a temporary file: {reason}",
        "free some space, or name another folder in TMPDIR",
    )


def sibling(path: Path, suffix: str) -> Path:
    """Return `path` with `suffix` behind its name, shortened where no file system takes it.

    Parameters
    ----------
    path : Path
        A file's path without an ending.
    suffix : str
        What the name is to end in.
    """
    name = path.name + suffix
    if len(os.fsencode(name)) > NAME_BYTES:
        digest = hashlib.sha256(os.fsencode(path.name)).hexdigest()
        name = f"{path.name[:20]}.{digest[:16]}{suffix}"
    return path.with_name(name)


def make_directory(path: Path) -> None:
    """Create `path` with its parents where it is missing.

    Raises
    ------
    StorageError
        When it cannot be created or is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise StorageError(f"{path} is no folder", "name another one, or remove it") from error
    except OSError as error:
        raise storage_error("create the folder", path, error) from error


def synchronize_directory(path: Path) -> None:
    """Make renames and new names in the folder `path` survive a power loss."""
    # Some network and container file systems refuse fsync on a folder, and a folder that may be
    # written to need not be readable.
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes `path` when the block ends without an error.

    The temporary file lies in the same folder, because a rename is atomic only
    within one file system. Where the file system allows it, it has no name until it
    is whole, so that a killed process leaves nothing; where it needs one, a later run
    removes it. Its content is on the disk before the rename, so a power loss leaves the
    old file or the new one.

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
    remove_leftovers(path.parent)
    temporary = None
    try:
        descriptor = _unnamed_file(path.parent)
        if descriptor is None:
            descriptor, temporary = _named_file(path)
        with os.fdopen(descriptor, "wb") as stream:
            # Its lock tells other runs that it is not left over.
            lock(descriptor)
            # mkstemp makes a private file; a new file has the mode that the umask grants.
            os.fchmod(stream.fileno(), 0o666 & ~_umask())
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            if temporary is None:
                temporary = _give_name(descriptor, path)
            if temporary != path:
                temporary.replace(path)
            temporary = None
        synchronize_directory(path.parent)
    except OSError as error:
        raise storage_error("write", path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _named_file(path: Path) -> tuple[int, Path]:
    """Open a file with a temporary name beside `path`."""
    while True:
        descriptor, name = tempfile.mkstemp(
            prefix=_prefix(path), suffix=UNFINISHED, dir=path.parent
        )
        with contextlib.suppress(BlockingIOError):
            lock(descriptor)
            if os.fstat(descriptor).st_nlink:
                return descriptor, Path(name)
        # Another run took it for left over before it was locked.
        os.close(descriptor)


def _unnamed_file(folder: Path) -> int | None:
    """Open a file in `folder` that is gone when it is closed; None where there is no such thing."""
    # It is named through /proc.
    if not os.path.isdir(_DESCRIPTORS):
        return None
    try:
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except OSError as error:
        # EISDIR: the kernel does not know the flag. What else is wrong is so for every file.
        if error.errno in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
            return None
        raise


def _give_name(descriptor: int, path: Path) -> Path:
    """Give an unnamed file its name; where a file has that, a temporary one beside it."""
    # /proc shows it as a symbolic link, which Python follows only where it is given a folder.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        name = path.name
        while True:
            with contextlib.suppress(FileExistsError):
                os.link(f"{_DESCRIPTORS}/{descriptor}", name, dst_dir_fd=folder)
                return path.with_name(name)
            name = _prefix(path) + os.urandom(4).hex() + UNFINISHED
    finally:
        os.close(folder)


def _prefix(path: Path) -> str:
    # A name has 255 bytes on most file systems, and a character up to four.
    return f".{path.name[:50]}."


def _umask() -> int:
    # The mask can only be read by setting it.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
