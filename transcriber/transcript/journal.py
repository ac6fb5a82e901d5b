"""The journal of a recording: every decoded window is on the disk before the next one begins.

A journal is a text file of JSON lines beside the output files, so that it survives with them when
a container or a machine is replaced. Each line begins with the CRC-32 of the rest. The first
line holds what the result hangs on; a journal of anything else is not continued. A line that a
crash left half-written, and whatever follows it, is cut off.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from transcriber.engine.interface import PLAIN_KERNELS, Clip, DecodedWindows, Position, WindowResult
from transcriber.files import (
    make_directory,
    sibling,
    storage_error,
    synchronize_directory,
)
from transcriber.leftovers import remove_leftovers
from transcriber.transcript.sole_owner import sole_owner

SUFFIX = ".transcriber-journal"
_CHECKSUM_DIGITS = 8


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first line of a journal.

    Attributes
    ----------
    identity : str
        Digest of all that decides the text: samples, weights, settings, versions.
    language : str
        Code of the language that is spoken.
    threads : int
        Threads that decoded it. Sums are split among them, so another number can change
        the last digits of a probability.
    kernels : str
        What computed it, as `transcriber.engine.interface.Engine.kernels` tells. Journals of
        earlier versions do not say: those computed in single precision.
    clips : list of (int, int), or None
        The parts of the recording that are decoded, where those were heard; each window names the
        part that it is of.
    options : str
        Digest of all that decides the text but for the samples, which are known only once the
        recording was read. Journals of earlier versions do not have it.
    """

    identity: str
    language: str
    threads: int
    kernels: str = PLAIN_KERNELS
    clips: Sequence[Clip] | None = None
    options: str = ""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a journal holds, as far as it is whole.

    Attributes
    ----------
    header : Header or None
        None where not even that is whole.
    windows : list of WindowResult
        What was decoded.
    size : int
        Its bytes.
    """

    header: Header | None
    windows: list[WindowResult]
    size: int


class Journal:
    """An open journal, which no other process can open.

    Attributes
    ----------
    header : Header or None
        None until `begin` has been called or an earlier run's header was read.
    windows : list of WindowResult
        What has been decoded so far.
    """

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self.path = path
        self.header: Header | None = None
        self.windows: list[WindowResult] = []
        self._stream = stream
        self._restore()

    @property
    def decoded(self) -> DecodedWindows:
        """What has been decoded so far, as the loop takes it."""
        language = self.header.language if self.header else None
        return DecodedWindows(language=language, windows=tuple(self.windows))

    def begin(self, header: Header, windows: Sequence[WindowResult] = ()) -> None:
        """Start over with the recording, weights and settings of `header`.

        Parameters
        ----------
        header : Header
            Of what is to be decoded.
        windows : sequence of WindowResult
            What is decoded of it already.
        """
        self.header = header
        self.windows = list(windows)
        records = [dataclasses.asdict(header), *map(dataclasses.asdict, windows)]
        self._write(0, [_line(record) for record in records])

    def copy_to(self, stream: IO[bytes]) -> None:
        """Write all that is there to another file."""
        self._stream.seek(0)
        shutil.copyfileobj(self._stream, stream)

    def append(self, window: WindowResult) -> None:
        """Add a window; it is on the disk when this returns."""
        self._write(None, [_line(dataclasses.asdict(window))])
        self.windows.append(window)

    def remove(self) -> None:
        """Delete the file: the recording is done."""
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _write(self, offset: int | None, lines: list[bytes]) -> None:
        try:
            if offset is not None:
                self._stream.seek(offset)
                self._stream.truncate()
            self._stream.write(b"".join(lines))
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise storage_error("write", self.path, error) from error

    def _restore(self) -> None:
        kept = _kept(self._stream.readlines())
        self.header, self.windows = kept.header, kept.windows
        self._write(kept.size, [])


def read_journal(path: Path) -> Kept:
    """Return what a journal holds that nobody writes to.

    Raises
    ------
    OSError
        When it cannot be read.
    """
    with path.open("rb") as stream:
        return _kept(stream)


def _kept(lines: Iterable[bytes]) -> Kept:
    header: Header | None = None
    windows = []
    size = 0
    for line in lines:
        record = _record(line)
        if record is None:
            break
        try:
            if header is None:
                header = _header(record)
            else:
                windows.append(_window(record))
        except (TypeError, ValueError, KeyError):
            break
        size += len(line)
    return Kept(header=header, windows=windows, size=size)


def journal_path(stem: Path) -> Path:
    """Return the path of the journal of a transcript, given that of its files without ending.

    Examples
    --------
    >>> str(journal_path(Path("out/talk")))
    'out/talk.transcriber-journal'
    """
    return sibling(stem, SUFFIX)


@contextlib.contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Open the journal at `path`, or create it.

    Raises
    ------
    StorageError
        When it cannot be written, or another process is using it.
    """
    make_directory(path.parent)
    remove_leftovers(path.parent)
    with sole_owner(path) as stream:
        synchronize_directory(path.parent)
        yield Journal(path, stream)


def identity(parts: Mapping[str, Any]) -> str:
    """Return the digest of everything that a result hangs on.

    Parameters
    ----------
    parts : mapping
        Names and values that JSON can express.

    Returns
    -------
    str
        SHA-256 in hexadecimal, of the JSON with sorted keys.

    Raises
    ------
    TypeError
        When JSON cannot express something.

    Examples
    --------
    >>> identity({"model": "base", "threads": 2})[:16]
    '0bcf4fa4112dceec'
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _line(record: dict[str, Any]) -> bytes:
    body = json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return b"%08x %s\n" % (zlib.crc32(body), body)


def _record(line: bytes) -> dict[str, Any] | None:
    body = line[_CHECKSUM_DIGITS + 1 : -1]
    if line != b"%08x %s\n" % (zlib.crc32(body), body):
        return None
    try:
        record = json.loads(body)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _header(record: dict[str, Any]) -> Header:
    clips = record.pop("clips", None)
    if clips is not None:
        clips = [(int(start), int(end)) for start, end in clips]
    return Header(**record, clips=clips)


def _window(record: dict[str, Any]) -> WindowResult:
    return WindowResult(segments=tuple(record["segments"]), position=Position(**record["position"]))
