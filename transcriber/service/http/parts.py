"""The parts of a form, as the parser finds them: fields into memory, files to the disk."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from python_multipart.multipart import parse_options_header

from transcriber.service.http.errors import HttpError
from transcriber.service.http.limits import MIB
from transcriber.service.http.storing import Room, StoredFile

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FIELDS = 200
"""Of a form, many times what OpenAI's has."""

_FIELD_BYTES = MIB
"""Of all fields together: a vocabulary of 100,000 words."""

_FILES = 1_000
"""Of a form: a folder that somebody drops on the page."""

_LABEL_CHARACTERS = 200
"""Of a file's name as the client calls it: what fits on a line of the page and in a report."""


@dataclass(frozen=True)
class UploadedFile:
    """A file that has been received.

    Parameters
    ----------
    path : Path
        Where it lies, under a random name, with mode 0600.
    field : str
        The field of the form.
    label : str
        What the client calls it, on one line and without folders. It names no file here.
    size : int
        Its bytes.
    media_type : str
        What the client takes it for, or nothing.
    """

    path: Path
    field: str
    label: str
    size: int
    media_type: str

    @property
    def name(self) -> str:
        """The random name, by which `Form.take` knows it."""
        return self.path.name


class Parts:
    """Takes the parts of one form.

    Parameters
    ----------
    folder : Path
        Where files go.
    file_fields : Iterable[str]
        The fields that hold files.
    room : Room
        Whether the disk has room for them.
    """

    def __init__(self, folder: Path, file_fields: Iterable[str], room: Room) -> None:
        self.files: list[UploadedFile] = []
        self.whole = False
        """Whether the end of the form has come."""
        self._folder = folder
        self._file_fields = frozenset(file_fields)
        self._room = room
        self._fields: list[tuple[str, bytearray]] = []
        self._field_bytes = 0
        self._file: StoredFile | None = None
        self._header = (bytearray(), bytearray())
        self._headers: dict[bytes, bytes] = {}
        self._name = self._label = ""

    def callbacks(self) -> MultipartCallbacks:
        """Return what the parser is to call. They raise `HttpError`."""
        return {
            "on_part_begin": self._headers.clear,
            "on_part_data": self._data,
            "on_part_end": self._end,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._begin,
            "on_end": self._whole,
        }

    def fields(self) -> dict[str, tuple[str, ...]]:
        """Return the fields, each with all its values."""
        grouped: dict[str, tuple[str, ...]] = {}
        for name, content in self._fields:
            grouped[name] = (*grouped.get(name, ()), content.decode("utf-8", "replace"))
        return grouped

    def discard(self) -> None:
        """Remove every file."""
        if self._file is not None:
            self._file.discard()
        for file in self.files:
            with contextlib.suppress(OSError):
                file.path.unlink()

    def _header_end(self) -> None:
        name, value = self._header
        self._headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def _begin(self) -> None:
        kind, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if kind != b"form-data" or b"name" not in options:
            raise HttpError(400, "a part of the form has no name")
        self._name = options[b"name"].decode("utf-8", "replace")
        if self._name in self._file_fields:
            if len(self.files) >= _FILES:
                raise HttpError(413, f"a form may have {_FILES:,} files")
            self._label = label(options.get(b"filename", b""))
            self._file = StoredFile(self._folder / f"{os.urandom(16).hex()}.upload", self._room)
            return
        if b"filename" in options:
            known = " or ".join(sorted(self._file_fields))
            raise HttpError(400, f"files are taken in the field {known}", param=self._name)
        if len(self._fields) >= _FIELDS:
            raise HttpError(413, f"a form may have {_FIELDS:,} fields")
        self._field_bytes += len(self._name)
        self._fields.append((self._name, bytearray()))

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(memoryview(data)[start:end])
            return
        self._field_bytes += end - start
        if self._field_bytes > _FIELD_BYTES:
            raise HttpError(413, f"the fields of a form may have {_FIELD_BYTES:,} bytes together")
        self._fields[-1][1].extend(data[start:end])

    def _end(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            media_type = self._headers.get(b"content-type", b"").decode("latin-1")
            self.files.append(
                UploadedFile(file.path, self._name, self._label, file.size, media_type)
            )
            file.close()

    def _whole(self) -> None:
        self.whole = True


def label(name: bytes) -> str:
    """Return what to call a file whose client calls it `name`: one line, without folders."""
    # Browsers write a quote so, and nothing else that is printed.
    text = name.decode("utf-8", "replace").replace("%22", '"')
    last = text.replace("\\", "/").rpartition("/")[2]
    line = "".join(character if character.isprintable() else " " for character in last)
    return " ".join(line.split())[:_LABEL_CHARACTERS]
