"""The sound of a live transcription, where the client says what is a recording."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from transcriber.errors import TranscriberError
from transcriber.jobs.folders import Folders
from transcriber.service.http.errors import HttpError
from transcriber.service.openai.realtime_files import (
    LEAST_SECONDS,
    MOST_SECONDS,
    Heard,
    RecordingFile,
    too_short,
)


@dataclass(frozen=True, kw_only=True)
class Started:
    """Somebody speaks.

    Attributes
    ----------
    item : str
        What the client calls what is said.
    milliseconds : int
        Where it begins, from the first sound on.
    """

    item: str
    milliseconds: int


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Somebody has spoken.

    Attributes
    ----------
    heard : Heard
        What was said.
    milliseconds : int
        Where it ends, from the first sound on.
    """

    heard: Heard
    milliseconds: int


class Sound(Protocol):
    """What takes in the sound of a client, in samples of 16 bits.

    All may raise `HttpError` where something cannot be done. What was not committed is dropped
    where the disk is full, or nothing hears.
    """

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""

    def add(self, samples: bytes) -> Iterator[Started | Stopped]:
        """Take in samples, and yield what they change."""

    def commit(self) -> Heard:
        """Return what was heard, and begin anew."""

    def clear(self) -> None:
        """Forget what was heard."""

    def close(self) -> None:
        """Forget it, and take in no more."""


class CommittedSound:
    """Sound that is one recording until the client commits it: `Sound` has the methods."""

    def __init__(self, folders: Folders, rate: int) -> None:
        self._folders = folders
        self._rate = rate
        self._file: RecordingFile | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return self._file is None

    def add(self, samples: bytes) -> Iterator[Started | Stopped]:
        """Take in samples, which change nothing by themselves."""
        if not samples:
            return
        if self._file is None:
            self._file = RecordingFile(self._folders, self._rate)
        if self._file.seconds + len(samples) / 2 / self._rate > MOST_SECONDS:
            raise HttpError(
                400,
                f"more than {MOST_SECONDS} seconds are in the buffer: commit or clear them",
                code="input_audio_buffer_full",
            )
        try:
            self._file.add(samples)
        except (HttpError, TranscriberError):
            self.clear()
            raise
        yield from ()

    def commit(self) -> Heard:
        """Return what was heard, and begin anew."""
        if self._file is None or self._file.seconds < LEAST_SECONDS:
            raise too_short(self._file.seconds if self._file else 0.0)
        file, self._file = self._file, None
        return file.whole()

    def clear(self) -> None:
        """Forget what was heard."""
        if self._file is not None:
            self._file.discard()
            self._file = None

    def close(self) -> None:
        """Forget it, and take in no more."""
        self.clear()
