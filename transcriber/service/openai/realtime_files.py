"""The file of what is heard: a recording, as soon as it is committed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from transcriber.jobs.folders import Folders
from transcriber.service.http.errors import HttpError
from transcriber.service.wyoming.sound_file import SoundFile

MOST_SECONDS = 30 * 60
"""Of one recording that nobody commits."""

LEAST_SECONDS = 0.1
"""Of one that is committed, as OpenAI has it."""


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A recording that is whole.

    Attributes
    ----------
    item : str
        What the client calls it.
    job : str
        The job that it becomes.
    path : Path
        The file, in the folder of the job.
    seconds : float
        Its length.
    """

    item: str
    job: str
    path: Path
    seconds: float


class RecordingFile:
    """Samples of 16 bits on their way to the disk, in the folder of a job that there may be.

    Parameters
    ----------
    folders : Folders
        Where those of jobs are.
    rate : int
        Samples per second.
    start : int
        Where it begins in all that was heard, in milliseconds.

    Raises
    ------
    HttpError, StorageError
        When the disk is full.
    """

    def __init__(self, folders: Folders, rate: int, start: int = 0) -> None:
        self.item = f"item_{secrets.token_hex(8)}"
        self.start = start
        self._bytes = 0
        self._rate = rate
        self._folders = folders
        self._job = folders.new()
        try:
            layout = {"rate": rate, "width": 2, "channels": 1}
            self._sound = SoundFile(folders.of(self._job), layout)
        except BaseException:
            folders.remove(self._job)
            raise

    @property
    def seconds(self) -> float:
        """Its length."""
        return self._bytes / 2 / self._rate

    def add(self, samples: bytes) -> None:
        """Take in samples."""
        self._sound.add(samples)
        self._bytes += len(samples)

    def whole(self) -> Heard:
        """Complete the file."""
        try:
            self._sound.close()
        except BaseException:
            self.discard()
            raise
        return Heard(item=self.item, job=self._job, path=self._sound.path, seconds=self.seconds)

    def discard(self) -> None:
        """Remove it with the folder."""
        self._sound.discard()
        self._folders.remove(self._job)


def too_short(seconds: float) -> HttpError:
    """Return the error for a recording that nothing can be heard in."""
    return HttpError(
        400,
        f"the buffer has {int(1000 * seconds)} ms of sound, and {1000 * LEAST_SECONDS:.0f} are the"
        " least",
        code="input_audio_buffer_commit_empty",
    )
