"""Keeps sound that comes in on the disk, so that none is lost while others are busy with it."""

from __future__ import annotations

import math
import os
import select
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from transcriber.capture.level import RATE, SAMPLE_BYTES, peak
from transcriber.errors import CaptureError, TranscriberError
from transcriber.files import storage_error, temporary_file_error

_SECOND = RATE * SAMPLE_BYTES

_BLOCK = 65536
"""Bytes that are read at once: as many as a pipe holds."""

_LEVEL = _SECOND // 10
"""Bytes of which the level is told."""

_RECLAIMED = 2**20
"""Bytes that have been read before the temporary file gives their place back."""

_TICK_MS = 50
"""For `close_input` to be heard."""

_HEADER = struct.Struct("<4sI8sIHHIIHH4sI")
_LARGEST = 2**32 - _HEADER.size


def wav_header(size: int) -> bytes:
    r"""Return the header of a WAV file with `size` bytes of samples.

    What has more than four gigabytes, which takes 37 hours, is told to have less.

    Examples
    --------
    >>> wav_header(4)[40:]
    b'\x04\x00\x00\x00'
    """
    size = min(size, _LARGEST)
    shape = (16, 1, 1, RATE, _SECOND, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    return _HEADER.pack(b"RIFF", _HEADER.size - 8 + size, b"WAVEfmt ", *shape, b"data", size)


class Spool:
    """Copies a stream to the disk in a thread of its own.

    Parameters
    ----------
    stream : file or int
        Where the sound comes from: a file, or a descriptor.
    path : Path, optional
        A WAV file that keeps all of it, and can be read at any time, after a kill, too. Without,
        a temporary file holds what has not been read.
    patience : float
        Seconds without a sound, not even silence, that end it.
    blame : callable, optional
        Tells what is wrong when it has ended; None when nothing is.

    Raises
    ------
    StorageError
        When the file cannot be made.
    """

    def __init__(
        self,
        stream: IO[bytes] | int,
        path: Path | None = None,
        *,
        patience: float = math.inf,
        blame: Callable[[], TranscriberError | None] = lambda: None,
    ) -> None:
        self._stream = stream
        self._path = path
        self._patience = patience
        self._blame = blame
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._heard = 0
        self._read = 0
        self._dropped = 0
        self._tail = b""
        self._ended = False
        self._error: TranscriberError | None = None
        try:
            # Closed as the block ends.
            self._file = (
                path.open("w+b", 0) if path else tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            )
            self._keep(b"")
        except OSError as error:
            raise self._unkept(error) from error
        self._thread = threading.Thread(target=self._copy, daemon=True)

    def __enter__(self) -> Spool:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close_input()
        # What is no pipe and says nothing may keep it; the file stays open for it then.
        self._thread.join(1)
        if not self._thread.is_alive():
            self._file.close()

    def close_input(self) -> None:
        """Listen no longer; what has come can still be read."""
        self._closing.set()

    def read(self, most: int) -> bytes:
        """Return sound that was not read yet, whole samples: nothing if there is none now."""
        with self._changed:
            size = min(most, self._heard - self._read) // SAMPLE_BYTES * SAMPLE_BYTES
            content = os.pread(self._file.fileno(), size, self._place(self._read))
            self._read += len(content)
            if self._path is None and self._read == self._heard >= self._dropped + _RECLAIMED:
                self._file.truncate(0)
                self._dropped = self._read
        return content

    def wait(self, seconds: float) -> None:
        """Return when there is something to read, at the end, or after some seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_more or self._ended, seconds)

    @property
    def is_over(self) -> bool:
        """Whether the stream has ended, and all of it was read."""
        with self._changed:
            return self._ended and not self._has_more

    @property
    def seconds(self) -> float:
        """How much was heard."""
        return self._heard / _SECOND

    @property
    def behind(self) -> float:
        """Seconds that were heard and not read."""
        return (self._heard - self._read) / _SECOND

    @property
    def level(self) -> float:
        """How loud it is now, from 0 to 1."""
        with self._changed:
            # Whole samples: their bytes begin at even places of all that was heard.
            end = len(self._tail) - self._heard % SAMPLE_BYTES
            return 0.0 if self._ended else peak(self._tail[end % SAMPLE_BYTES : end])

    @property
    def error(self) -> TranscriberError | None:
        """Why it has ended, where it should not have."""
        return self._error

    @property
    def _has_more(self) -> bool:
        return self._heard - self._read >= SAMPLE_BYTES

    def _place(self, position: int) -> int:
        return position + _HEADER.size if self._path else position - self._dropped

    def _copy(self) -> None:
        error: TranscriberError | None = None
        try:
            for block in self._blocks():
                try:
                    self._keep(block)
                except OSError as failure:
                    error = self._unkept(failure)
                    break
        except (OSError, ValueError) as failure:
            error = CaptureError(f"no more sound can be read: {failure}")
        error = error or self._blame()
        with self._changed:
            self._error = error
            self._ended = True
            self._changed.notify_all()

    def _blocks(self) -> Iterator[bytes]:
        stream = self._stream
        poll = select.poll()
        try:
            poll.register(stream, select.POLLIN)
            polls = True
        except (TypeError, OSError):
            polls = False
        waited = 0
        is_last = False
        while not is_last and waited * _TICK_MS < self._patience * 1000:
            # Once more, for what had come when it was told to end.
            is_last = self._closing.is_set()
            if polls and not poll.poll(0 if is_last else _TICK_MS):
                # Not by the clock, which goes on where the whole machine is paused.
                waited += 1
                continue
            waited = 0
            if isinstance(stream, int):
                block = os.read(stream, _BLOCK)
            else:
                # What a file has read ahead comes first.
                block = getattr(stream, "read1", stream.read)(_BLOCK)
            if not block:
                return
            yield block

    def _keep(self, block: bytes) -> None:
        """Append `block`, and only then say in the header that it is there."""
        with self._changed:
            rest = memoryview(block)
            while rest:
                size = os.pwrite(self._file.fileno(), rest, self._place(self._heard))
                self._heard += size
                rest = rest[size:]
            self._tail = (self._tail + block)[-_LEVEL:]
            if self._path:
                os.pwrite(self._file.fileno(), wav_header(self._heard), 0)
            self._changed.notify_all()

    def _unkept(self, error: OSError) -> TranscriberError:
        if self._path:
            return storage_error("write", self._path, error)
        return temporary_file_error("the sound", error)
