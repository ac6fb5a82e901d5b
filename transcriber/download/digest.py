"""The sha256 of published files, computed once and remembered until the file changes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from transcriber.errors import ModelError, StorageError
from transcriber.files import atomic_writer
from transcriber.paths import program_cache

_REMEMBERED_FILES = 64
"""Entries that are kept; the one used longest ago is dropped, and its file hashed again."""


def file_sha256(path: Path, *, remembered: bool = True) -> str:
    """Return the sha256 of the file `path` in hexadecimal.

    The file is streamed, not read into memory. The result is remembered with
    the file's size, times and inode, as `make` and `git` recognise a change, so that
    a model of 3 GB is hashed once and not at each start.

    Parameters
    ----------
    path : Path
        The file.
    remembered : bool
        Whether an earlier result may be returned while the file looks unchanged.

    Raises
    ------
    ModelError
        When the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            before = _identity(os.fstat(stream.fileno()))
            known = _recall(path) if remembered else None
            if known is not None and known.get("identity") == before:
                return str(known["sha256"])
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
            unchanged = _identity(os.fstat(stream.fileno())) == before
    except OSError as error:
        raise ModelError(
            f"cannot read {path}: {error.strerror or error}", "check the file and its permissions"
        ) from error
    if unchanged:
        _store(path, {"identity": before, "sha256": sha256})
    return sha256


def remember_sha256(path: Path, sha256: str) -> None:
    """Remember that `path` as it is now has the digest `sha256`."""
    with contextlib.suppress(OSError):
        _store(path, {"identity": _identity(path.stat()), "sha256": sha256})


def is_remembered(path: Path, sha256: str) -> bool:
    """Whether `path` is remembered to have the digest `sha256`, and looks unchanged since."""
    known = _recall(path)
    try:
        return (
            known is not None
            and known["sha256"] == sha256
            and known.get("identity") == _identity(path.stat())
        )
    except OSError:
        return False


def forget_sha256(path: Path) -> None:
    """Drop what is remembered about `path`."""
    if _recall(path) is not None:
        _store(path, None)


def _identity(status: os.stat_result) -> list[int]:
    # The change time tells a file that was put back with its old modification time.
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _memory() -> Path:
    return program_cache() / "verified.json"


def _key(path: Path) -> str:
    return str(path.absolute())


def _read() -> dict[str, dict[str, object]]:
    try:
        with _memory().open("rb") as stream:
            # Without a home the cache lies in the shared temporary folder: trust only one's own.
            if os.fstat(stream.fileno()).st_uid != os.geteuid():
                return {}
            entries = json.load(stream)
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _recall(path: Path) -> dict[str, object] | None:
    entry = _read().get(_key(path))
    return entry if isinstance(entry, dict) and isinstance(entry.get("sha256"), str) else None


def _store(path: Path, entry: dict[str, object] | None) -> None:
    entries = _read()
    entries.pop(_key(path), None)
    if entry is not None:
        entries[_key(path)] = entry
    kept = dict(list(entries.items())[-_REMEMBERED_FILES:])
    # Two processes that write at once lose one entry, a read-only cache all: only time is lost.
    with contextlib.suppress(StorageError), atomic_writer(_memory()) as stream:
        stream.write(json.dumps(kept, indent=1).encode())
