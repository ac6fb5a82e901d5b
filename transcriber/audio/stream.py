"""Recordings of any kind as Whisper's samples, streamed from ffmpeg under limits."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from transcriber.audio import failures
from transcriber.audio.background import Background
from transcriber.audio.command import SAMPLE_RATE, build_command
from transcriber.audio.container import has_only_protected_sound, lacks_its_end
from transcriber.audio.content import foreign_content
from transcriber.audio.ffmpeg import Ffmpeg
from transcriber.audio.messages import FfmpegMessages
from transcriber.audio.process import AudioLimits, FfmpegProcess
from transcriber.errors import InputError

__all__ = ["SAMPLE_RATE", "AudioLimits", "AudioStream", "open_audio"]

BYTES_PER_SAMPLE = 2
BLOCK_BYTES = 1 << 20
"""Length of the blocks that are handed out, in bytes; only the last is shorter."""

AHEAD_BLOCKS = 16
"""How many blocks are decoded ahead at most: 8 minutes, what ffmpeg does while torch is loaded."""

_HEAD_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A block, and what is true of the samples up to its end."""

    block: bytes
    samples: int
    sha256: str


class AudioStream:
    """The samples of one recording: a context manager and an iterator of blocks.

    Each block holds whole samples, signed 16-bit little-endian, mono, 16 kHz, at most
    `BLOCK_BYTES` long. Reading starts with `begin` or the first block and ends with the last, with
    an error or with `close`; ffmpeg never outlives that. It goes on while the caller works on a
    block, `AHEAD_BLOCKS` ahead at most.

    Attributes
    ----------
    samples : int
        How many samples were handed out so far.
    warnings : tuple of str
        What is missing or damaged, one line each. Complete after the last block.

    Raises
    ------
    InputError
        On iteration: the file holds no audio that can be decoded.
    LimitError
        On iteration: a limit was reached.
    DependencyError
        On iteration: ffmpeg does not start.
    """

    def __init__(self, path: Path, *, label: str, ffmpeg: Ffmpeg, limits: AudioLimits) -> None:
        self._path = path
        self._label = label
        self._ffmpeg = ffmpeg
        self._limits = limits
        self._messages = FfmpegMessages()
        self._process: FfmpegProcess | None = None
        self._sha256 = hashlib.sha256().hexdigest()
        self.samples = 0
        self.warnings: tuple[str, ...] = ()
        self._head, self._lacks_end = _inspect(path, label)
        self._pieces = Background(self._read(), most=AHEAD_BLOCKS, stop=self._stop)

    def __enter__(self) -> AudioStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self._pieces)
        self.samples, self._sha256 = piece.samples, piece.sha256
        return piece.block

    def begin(self) -> None:
        """Start ffmpeg; what goes wrong is raised where the first block is asked for."""
        self._pieces.begin()

    def close(self) -> None:
        """End ffmpeg; no block follows."""
        self._pieces.close()

    @property
    def sha256(self) -> str:
        """SHA-256 of the samples handed out so far, in hexadecimal."""
        return self._sha256

    @property
    def announced_seconds(self) -> float | None:
        """Length that the file claims, known from the first block on; None where it does not."""
        return self._messages.announced_seconds

    def _read(self) -> Generator[_Piece, None, None]:
        samples = 0
        digest = hashlib.sha256()
        process = FfmpegProcess(
            build_command(self._ffmpeg.path, self._path),
            label=self._label,
            limits=self._limits,
            on_message=self._messages.feed,
        )
        with process:
            self._process = process
            # `_stop` may have come before there was anything to stop.
            if self._pieces.closed:
                return
            for block in self._cut(process.output()):
                samples += len(block) // BYTES_PER_SAMPLE
                digest.update(block)
                if samples > self._limits.audio_seconds * SAMPLE_RATE:
                    raise failures.length_failure(self._label, self._limits.audio_seconds)
                yield _Piece(block=block, samples=samples, sha256=digest.hexdigest())
        self._messages.finish()
        self._judge(process.status, samples)

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()

    @staticmethod
    def _cut(chunks: Iterator[bytes]) -> Iterator[bytes]:
        gathered = bytearray()
        for chunk in chunks:
            gathered += chunk
            if len(gathered) >= BLOCK_BYTES:
                yield bytes(gathered[:BLOCK_BYTES])
                del gathered[:BLOCK_BYTES]
        # A killed ffmpeg may have written half of a sample.
        whole = len(gathered) - len(gathered) % BYTES_PER_SAMPLE
        if whole:
            yield bytes(gathered[:whole])

    def _judge(self, status: int, samples: int) -> None:
        """Raise the error that ended the reading, or keep what is worth a warning."""
        if status < 0:
            raise failures.death_failure(self._label, -status)
        if samples == 0 or "mostly undecodable" in self._messages.signs:
            raise failures.no_audio_failure(
                self._label,
                self._messages,
                head=self._head,
                lacks_end=self._lacks_end,
                memory_bytes=self._limits.memory_bytes,
            )
        if "encrypted" in self._messages.signs:
            raise failures.encrypted_failure(self._label)
        if status != 0 and "out of memory" in self._messages.signs:
            raise failures.memory_failure(self._label, self._limits.memory_bytes)
        self.warnings = failures.reading_warnings(
            self._label,
            self._messages,
            samples=samples,
            lacks_end=self._lacks_end,
            status=status,
        )


def open_audio(
    path: Path,
    *,
    ffmpeg: Ffmpeg,
    limits: AudioLimits | None = None,
    label: str | None = None,
) -> AudioStream:
    """Open a recording for reading.

    Parameters
    ----------
    path : Path
        A regular file; its name may be anything.
    ffmpeg : Ffmpeg
        The ffmpeg to decode with.
    limits : AudioLimits, optional
        What reading may cost.
    label : str, optional
        What messages call the recording; its path otherwise.

    Raises
    ------
    InputError
        When the file is missing, may not be read, is empty, is no regular file, or is seen to be
        no recording or encrypted before anything is decoded.
    """
    return AudioStream(
        path,
        label=failures.printable(str(path)) if label is None else label,
        ffmpeg=ffmpeg,
        limits=limits or AudioLimits(),
    )


def _inspect(path: Path, label: str) -> tuple[bytes, bool]:
    """Return the file's beginning and whether its end is missing; raise what can be told now."""
    try:
        # Before opening: that alone can set a device going.
        failure = failures.kind_failure(label, path.stat().st_mode)
        if failure is not None:
            raise failure
        # O_NONBLOCK: a pipe may have taken the file's place since.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            size = os.fstat(descriptor).st_size
            head = stream.read(_HEAD_BYTES)
            protected = has_only_protected_sound(stream, size)
            lacks_end = lacks_its_end(stream, size)
    except (OSError, ValueError) as error:
        raise failures.path_failure(label, error) from error
    if not head:
        raise InputError(f"{label} is empty", "copy or record it again")
    if protected:
        raise failures.encrypted_failure(label)
    foreign = foreign_content(head)
    if foreign is not None:
        what, remedy = foreign
        raise InputError(f"{label} {what}", remedy)
    return head, lacks_end
