"""The unfinished download of a published file, and what has to be known to resume it.

Beside ``FILE.partial`` lies ``FILE.partial.json`` with the address, the validator that
the server gave for the content (RFC 9110, section 8.8) and the length of the whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Self

from transcriber.download.published import PublishedFile
from transcriber.files import storage_error, synchronize_directory

_BLOCK = 1 << 20
# What can be sent back in a header; a server may send anything.
_TAG = re.compile(r'"[!#-~]{0,200}"')
_DATE = re.compile(r"[A-Za-z0-9,:+ -]{1,50}")


class PartialFile:
    """The bytes of a file that are there so far, with their sha256.

    Only the process that holds the model's lock may have one. It is a context
    manager, and what it holds stays on the disk when the block ends.

    Parameters
    ----------
    path : Path
        The unfinished file.
    description : Path
        The file beside it that says where its bytes come from.
    total : int
        Length of the whole in bytes.

    Raises
    ------
    StorageError
        From every method, when the disk is full or the file cannot be written.
    """

    def __init__(self, path: Path, description: Path, total: int) -> None:
        self._path = path
        self._description = description
        self._total = total
        self._stream: int | None = None
        self._hash = hashlib.sha256()
        self._source = ""
        self._validator: str | None = None
        self.length = 0
        """Bytes that are there."""
        self.pieces = 0
        """Responses, of this and of earlier runs, that the bytes come from."""

    def __enter__(self) -> Self:
        """Open the file and hash what it holds."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            self._stream = os.open(self._path, flags, 0o666)
            self._read_description()
            length = os.fstat(self._stream).st_size
            # A whole file needs no description: its digest tells what it is.
            if length == self._total or (self._validator and length < self._total):
                self._hash_existing()
            elif length:
                self.discard()
        except OSError as error:
            self.__exit__()
            raise storage_error("write", self._path, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file; an empty one is deleted."""
        if self._stream is not None:
            os.close(self._stream)
            self._stream = None
            if self.length == 0:
                with contextlib.suppress(OSError):
                    self._description.unlink(missing_ok=True)
                    self._path.unlink(missing_ok=True)

    @property
    def complete(self) -> bool:
        """Whether all bytes are there, right or wrong."""
        return self.length == self._total

    def sha256(self) -> str:
        """Return the digest of the bytes that are there, in hexadecimal."""
        return self._hash.hexdigest()

    def validator(self, source: str) -> str | None:
        """Return the validator to resume from the address `source` with, or None."""
        resumable = 0 < self.length < self._total and self._source == source
        return self._validator if resumable else None

    def restart(self, source: str, validator: str | None) -> None:
        """Drop the bytes, and expect those that the response from `source` brings."""
        self.discard()
        self._source, self._validator = source, validator
        state = {"source": source, "validator": validator, "total": self._total}
        try:
            # Its end comes last: a description that was cut off is none. It is on the disk
            # before the first byte that it describes.
            with self._description.open("w", encoding="utf-8") as stream:
                json.dump(state, stream)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise storage_error("write", self._description, error) from error
        self.pieces = 1

    def append(self, data: bytes) -> None:
        """Add bytes at the end."""
        view = memoryview(data)
        while view:
            try:
                count = os.pwrite(self._descriptor, view, self.length)
            except OSError as error:
                raise storage_error("write", self._path, error) from error
            self._hash.update(view[:count])
            self.length += count
            view = view[count:]

    def discard(self) -> None:
        """Drop the bytes and what is known about them."""
        try:
            # In this order: bytes without a description are never resumed.
            self._description.unlink(missing_ok=True)
            os.ftruncate(self._descriptor, 0)
        except OSError as error:
            raise storage_error("write", self._path, error) from error
        self._hash = hashlib.sha256()
        self._source, self._validator = "", None
        self.length = self.pieces = 0

    def read_back(self) -> str:
        """Return the digest of what the disk holds now, in hexadecimal."""
        try:
            with self._path.open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise storage_error("read", self._path, error) from error

    def move_to(self, path: Path) -> None:
        """Make the bytes durable, and make `path` their name."""
        try:
            os.fsync(self._descriptor)
            self._description.unlink(missing_ok=True)
            self._path.replace(path)
            synchronize_directory(path.parent)
        except OSError as error:
            raise storage_error("write", path, error) from error

    @property
    def _descriptor(self) -> int:
        assert self._stream is not None, "used outside of its block"  # noqa: S101
        return self._stream

    def _read_description(self) -> None:
        try:
            state = json.loads(self._description.read_bytes())
            source, validator, total = state["source"], state["validator"], state["total"]
        except (OSError, ValueError, TypeError, KeyError):
            return
        if total != self._total or not isinstance(source, str) or not isinstance(validator, str):
            return
        if _TAG.fullmatch(validator) or _DATE.fullmatch(validator):
            self._source, self._validator = source, validator

    def _hash_existing(self) -> None:
        while block := os.pread(self._descriptor, _BLOCK, self.length):
            self._hash.update(block)
            self.length += len(block)
        self.pieces = 1


def strong_validator(headers: Message | Mapping[str, str]) -> str | None:
    """Return what a later request can be bound to the same content with, or None.

    It is a strong entity tag, else the date of the last change (RFC 9110, section 13.1.5
    forbids weak tags there).
    """
    for name, form in (("ETag", _TAG), ("Last-Modified", _DATE)):
        value = (headers.get(name) or "").strip()
        if form.fullmatch(value):
            return value
    return None


def contradicts(headers: Message | Mapping[str, str], validator: str) -> bool:
    """Return whether a response belongs to another content than `validator` names.

    A partial response need not repeat the date, so a missing header says nothing.
    """
    name = "ETag" if validator.startswith('"') else "Last-Modified"
    value = (headers.get(name) or "").strip()
    return bool(value) and value != validator


def partial_paths(file: PublishedFile, directory: Path) -> tuple[Path, Path]:
    """Return the unfinished download of `file` and the description that resuming it needs."""
    name = file.file_name
    return directory / f"{name}.partial", directory / f"{name}.partial.json"
