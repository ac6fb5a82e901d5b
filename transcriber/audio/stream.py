"""Recordings of any kind as Whisper's samples, streamed from ffmpeg under limits."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from transcriber.audio import failures
from transcriber.audio.background import Background
from transcriber.audio.blocks import in_blocks
from transcriber.audio.command import SAMPLE_RATE
from transcriber.audio.ffmpeg import Ffmpeg
from transcriber.audio.inspection import inspect
from transcriber.audio.limits import AudioLimits
from transcriber.audio.reading import SourceFile
from transcriber.audio.recordings import Recordings

__all__ = ["SAMPLE_RATE", "AudioLimits", "AudioStream", "open_audio"]

BYTES_PER_SAMPLE = 2
BLOCK_BYTES = 1 << 20
"""Length of the blocks that are handed out, in bytes; only the last is shorter."""

AHEAD_BLOCKS = 16
"""How many blocks are decoded ahead at most: 8 minutes, what ffmpeg does while torch is loaded."""


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
    check : callable
        Called before each block, and while it is waited for: it raises when nobody wants it.

    Raises
    ------
    InputError
        On iteration: the file holds no audio that can be decoded.
    LimitError
        On iteration: a limit was reached.
    DependencyError
        On iteration: ffmpeg does not start.
    """

    def __init__(
        self,
        path: Path,
        *,
        label: str,
        ffmpeg: Ffmpeg,
        limits: AudioLimits,
        track: str | None = None,
    ) -> None:
        self._label = label
        self._limits = limits
        self._sha256 = hashlib.sha256().hexdigest()
        self.samples = 0
        self.check: Callable[[], None] = lambda: None
        head, lacks_end = inspect(path, label)
        self._pieces = Background(
            self._read(), most=AHEAD_BLOCKS, stop=self._stop, check=self._check
        )
        self._file = SourceFile(
            path=path,
            label=label,
            ffmpeg=ffmpeg,
            limits=limits,
            choice=track,
            is_closed=lambda: self._pieces.closed,
        )
        self._recordings = Recordings(self._file, head=head, lacks_end=lacks_end)

    def __enter__(self) -> AudioStream:
        return self

    def __exit__(self, *_: object) -> None:
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
    def warnings(self) -> tuple[str, ...]:
        """What is missing or damaged, what stands for it, and what was chosen, one line each.

        Complete after the last block.
        """
        return self._recordings.warnings

    @property
    def sha256(self) -> str:
        """SHA-256 of the samples handed out so far, in hexadecimal."""
        return self._sha256

    @property
    def announced_seconds(self) -> float | None:
        """Length that the file claims, known from the first block on; None where it does not."""
        return self._recordings.announced_seconds

    def _read(self) -> Generator[_Piece, None, None]:
        samples = 0
        digest = hashlib.sha256()
        with contextlib.closing(self._recordings.pieces()) as sound:
            for block in in_blocks(sound, BLOCK_BYTES):
                samples += len(block) // BYTES_PER_SAMPLE
                digest.update(block)
                if samples > self._limits.audio_seconds * SAMPLE_RATE:
                    raise failures.length_failure(self._label, self._limits.audio_seconds)
                yield _Piece(block=block, samples=samples, sha256=digest.hexdigest())

    def _check(self) -> None:
        self.check()

    def _stop(self) -> None:
        for process in list(self._file.running):
            process.kill()


def open_audio(
    path: Path,
    *,
    ffmpeg: Ffmpeg,
    limits: AudioLimits | None = None,
    label: str | None = None,
    track: str | None = None,
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
    track : str, optional
        Which audio track, as `transcriber.audio.tracks.parse_choice` returns it; otherwise the
        one that ffmpeg likes best, unless it holds nothing like speech and another does.

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
        track=track,
    )
