"""The dictations of the past, for a user who wants them kept: one line of JSON each.

A line is on the disk before `add` returns. A line that a power loss cut is passed over.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from transcriber.errors import StorageError
from transcriber.files import atomic_writer, make_directory, storage_error, synchronize_directory
from transcriber.paths import program_data

FILE = "dictations.jsonl"


@dataclass(frozen=True, kw_only=True)
class Dictation:
    """A finished dictation.

    Attributes
    ----------
    time : float
        When it began, in seconds since 1970; it tells dictations apart.
    seconds : float
        How long it took.
    language : str
        Code of its language.
    text : str
        What was dictated.
    """

    time: float
    seconds: float
    language: str
    text: str


def history_file() -> Path:
    """Return the file that dictations are kept in."""
    return program_data() / FILE


def add(path: Path, dictation: Dictation) -> None:
    """Append a dictation; the file is made where it is missing, and only its owner reads it.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    line = json.dumps(asdict(dictation), ensure_ascii=False) + "\n"
    make_directory(path.parent)
    try:
        with _locked(path) as descriptor:
            size = os.fstat(descriptor).st_size
            # What was cut off must not take this line with it.
            start = "\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else ""
            rest = memoryview((start + line).encode("utf-8", "replace"))
            try:
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
                os.fsync(descriptor)
            except OSError:
                # Half a line, of a full disk, is none.
                with contextlib.suppress(OSError):
                    os.ftruncate(descriptor, size)
                raise
        synchronize_directory(path.parent)
    except OSError as error:
        raise storage_error("write", path, error) from error


def last(path: Path, count: int) -> list[Dictation]:
    """Return the last `count` dictations, the latest first; none where none is kept.

    Raises
    ------
    StorageError
        When the file cannot be read.
    """
    found = [one for one in map(_parsed, _lines(path)) if one]
    return found[::-1][: max(count, 0)]


def remove(path: Path, time: float) -> bool:
    """Forget the dictation that began at `time`; return whether there was one.

    Raises
    ------
    StorageError
        When the file cannot be read or written.
    """
    if not os.path.exists(path):
        return False
    try:
        with _locked(path):
            lines = _lines(path)
            kept = [line for line in lines if (one := _parsed(line)) is None or one.time != time]
            if len(kept) == len(lines):
                return False
            with atomic_writer(path) as stream:
                os.fchmod(stream.fileno(), 0o600)
                stream.writelines(line + b"\n" for line in kept)
    except OSError as error:
        raise storage_error("write", path, error) from error
    return True


def clear(path: Path) -> None:
    """Forget all dictations.

    Raises
    ------
    StorageError
        When the file cannot be removed.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error("remove", path, error) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open the file, while nobody else writes it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with contextlib.suppress(OSError):
                os.fchmod(descriptor, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Another process may have replaced or removed it in the meantime.
            if os.fstat(descriptor).st_nlink:
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _lines(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise StorageError(f"cannot read {path}: {reason}", "check who owns it") from error


def _parsed(line: bytes) -> Dictation | None:
    try:
        fields = json.loads(line)
        return Dictation(
            time=float(fields["time"]),
            seconds=float(fields["seconds"]),
            language=str(fields["language"]),
            text=str(fields["text"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
