"""Whose transcript a file is.

Each output file carries a mark of its recording as an extended attribute, which is written with the
file and moves with it. Where a file system has none, the user's cache has a note for the path.
A file without either, of another program or of an earlier version, is nobody's.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from transcriber.errors import StorageError
from transcriber.files import atomic_writer
from transcriber.paths import program_cache

_ATTRIBUTE = "user.whisper-transcriber.recording"

_WHOLE_BYTES = 64 * 2**20
"""A recording that is larger is known by its size and so many bytes from all over it."""

_BLOCK = 2**18

_LABEL_BYTES = 400
"""A block of a file system has to hold it, with all else that a file carries."""

_MOST_NOTES = 2000


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A recording.

    Attributes
    ----------
    content : str
        Digest of the file; empty where it cannot be read again.
    samples : str
        Digest of what was heard of it.
    label : str
        What messages call it.
    place : str
        Digest of where the file lies and when it was changed last, which tells at once that it is
        the same.
    """

    content: str
    samples: str
    label: str
    place: str = ""

    def same(self, other: Mark) -> bool:
        """Whether both are of one recording, perhaps under two names or in two containers."""
        return self.samples == other.samples or bool(self.content and self.content == other.content)


def fingerprint(path: Path) -> str:
    """Return a digest of a file, which is empty where it cannot be read.

    Parameters
    ----------
    path : Path
        A recording. It may have been renamed or copied: neither name nor time counts.
    """
    try:
        # Who looks into a pipe takes from it.
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  a name may be too long
            return ""
        with open(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            digest = hashlib.sha256(b"%d" % size)
            blocks = _WHOLE_BYTES // _BLOCK
            for number in range(min(blocks, -(-size // _BLOCK))):
                if size > _WHOLE_BYTES:
                    stream.seek((size - _BLOCK) * number // (blocks - 1))
                digest.update(stream.read(_BLOCK))
    except OSError:
        return ""
    return digest.hexdigest()


def place_digest(path: Path) -> str:
    """Return a digest of where a file lies, how large it is and when it was changed last."""
    try:
        found = os.stat(path)  # noqa: PTH116  a name may be longer than pathlib takes
    except OSError:
        return ""
    parts = os.path.abspath(path), found.st_size, found.st_mtime_ns  # noqa: PTH100
    return hashlib.sha256(os.fsencode("\0".join(map(str, parts)))).hexdigest()[:32]


def is_of(mark: Mark, path: Path) -> bool:
    """Whether a mark is that of a recording, which is read only where it was moved or changed."""
    if mark.place and mark.place == place_digest(path):
        return True
    return bool(mark.content) and mark.content == fingerprint(path)


def put_mark(descriptor: int, mark: Mark | None) -> Callable[[Path], None]:
    """Mark an open file; return what is to be called with its path once it has one."""
    if mark is None:
        return _nothing
    label = mark.label.encode("utf-8", "replace")[:_LABEL_BYTES]
    digests = [part.encode() or b"-" for part in (mark.content, mark.samples, mark.place)]
    value = b" ".join([*digests, label])
    try:
        os.setxattr(descriptor, _ATTRIBUTE, value)
    except OSError:
        return lambda path: _write_note(path, value)
    return _nothing


def mark_of(path: Path) -> Mark | None:
    """Return the mark of the recording that a file is of; None where that is not known."""
    try:
        value = os.getxattr(path, _ATTRIBUTE)
    except OSError:
        try:
            value = _note(path).read_bytes()
        except OSError:
            return None
    *digests, label = value.split(b" ", 3)
    if len(digests) != 3:
        return None
    content, samples, place = (part.decode("ascii", "replace").strip("-") for part in digests)
    return Mark(
        content=content, samples=samples, place=place, label=label.decode("utf-8", "replace")
    )


def _nothing(_: Path) -> None:
    pass


def _note(path: Path) -> Path:
    name = hashlib.sha256(os.fsencode(os.path.abspath(path))).hexdigest()[:32]  # noqa: PTH100
    return program_cache() / "transcripts" / name


def _write_note(path: Path, value: bytes) -> None:
    note = _note(path)
    # Without it the file is nobody's.
    with contextlib.suppress(StorageError, OSError):
        with atomic_writer(note) as stream:
            stream.write(value)
        notes = list(note.parent.iterdir())
        if len(notes) > _MOST_NOTES:
            notes.sort(key=lambda one: one.stat().st_mtime)
            for old in notes[: -_MOST_NOTES // 2]:
                old.unlink()
