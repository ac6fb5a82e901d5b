"""The AppImage on the disk: what it says of its updates, and another one in its place."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

from transcriber.download.lock import FileLock
from transcriber.errors import StorageError, UsageError
from transcriber.files import atomic_writer, sibling, storage_error
from transcriber.leftovers import UNFINISHED

_SECTION = b".upd_info\0"


def update_address(appimage: bytes) -> str:
    """Return the address of the zsync file that an AppImage names, empty where it names none.

    It is in a section of its ELF file, as AppImage's specification has it.
    """
    # Of a file that is damaged.
    with contextlib.suppress(struct.error, IndexError, OverflowError):
        (table,) = struct.unpack_from("<Q", appimage, 0x28)
        size, count, names = struct.unpack_from("<3H", appimage, 0x3A)
        headers = [struct.unpack_from("<2I4Q", appimage, table + size * at) for at in range(count)]
        for name, *_, offset, length in headers:
            if appimage.startswith(_SECTION, headers[names][4] + name):
                kind, _, address = appimage[offset : offset + length].partition(b"|")
                return address.rstrip(b"\0").decode(errors="replace") if kind == b"zsync" else ""
    return ""


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other updates of the same file away.

    Raises
    ------
    StorageError
        When one is running, or the folder may not be written to.
    """
    lock = FileLock(sibling(path.with_name(f".{path.name}"), ".lock"))
    try:
        free = lock.acquire()
    except StorageError as error:
        error.remedy = "run it as the owner of that folder, with sudo for example"
        raise
    if not free:
        raise StorageError(f"another update of {path} is running", "wait for its end")
    try:
        yield
    finally:
        lock.release()


def previous(path: Path) -> Path:
    """Return the name of the AppImage that was in the place of `path` before."""
    return sibling(path, ".previous")


def replace(path: Path, content: bytes) -> None:
    """Put `content` in the place of the AppImage, which is kept under another name.

    Raises
    ------
    StorageError
        When it cannot be written; all is as it was then.
    """
    with atomic_writer(path) as stream:
        status = path.stat()
        # First: who gets a file loses special bits.
        with contextlib.suppress(OSError):
            os.fchown(stream.fileno(), status.st_uid, status.st_gid)
        os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode))
        stream.write(content)
        stream.flush()
        with _kept(path):
            pass


def go_back(path: Path) -> None:
    """Exchange the AppImage and the one that was there before.

    Raises
    ------
    UsageError
        When there is none.
    StorageError
        When the folder cannot be written to.
    """
    try:
        with _kept(path):
            previous(path).replace(path)
    except FileNotFoundError as error:
        raise UsageError(f"there is no {previous(path)} to go back to") from error
    except OSError as error:
        raise storage_error("write", path, error) from error


@contextlib.contextmanager
def _kept(path: Path) -> Iterator[None]:
    """Give what is at `path` the other name, at the end of the block, whatever is there then."""
    spare = path.with_name(f".{path.name[:50]}.{os.urandom(4).hex()}{UNFINISHED}")
    try:
        try:
            os.link(path, spare)
        except OSError:
            # FAT has one name for a file.
            shutil.copy2(path, spare)
        yield
        spare.replace(previous(path))
    finally:
        # Also where both were names of one file: it has kept them.
        spare.unlink(missing_ok=True)
