"""The transcript of live captions, which lies on the disk while more is spoken."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from transcriber.engine.interface import Segment, Transcript
from transcriber.errors import StorageError
from transcriber.live.events import Final
from transcriber.outputs import output_paths, write_outputs
from transcriber.settings import OutputSettings

_EACH = 2.0
"""Seconds between two writes, at the least."""


class Saving:
    """Writes all that was said so far, again and again.

    Parameters
    ----------
    stem : Path
        The common path of the files, without an ending.
    output : OutputSettings
        Which formats.
    record : bool
        Whether the sound is kept beside them.

    Raises
    ------
    StorageError
        When one of the files exists: nobody could say what was said then any more.
    """

    def __init__(self, stem: Path, output: OutputSettings, *, record: bool) -> None:
        self._stem = stem
        self._output = output
        self._segments: list[Segment] = []
        self._texts: list[str] = []
        self._language = "en"
        self._written = self._tried = -_EACH
        self._unwritten: float | None = None
        paths = output_paths(stem, output)
        for path in (*paths, recording_path(stem)) if record else paths:
            if os.path.lexists(path):
                raise StorageError(f"{path} exists", "choose another --save")

    def take(self, final: Final) -> None:
        """Take what was said."""
        self._segments += final.segments
        self._texts.append(final.text)
        self._language = final.language
        self._unwritten = final.end
        if time.monotonic() >= self._written + _EACH:
            self._try(final.end)

    def keep_up(self) -> None:
        """Write what came too soon after the last time; it may be long until more is said."""
        if self._unwritten is not None and time.monotonic() >= self._tried + _EACH:
            self._try(self._unwritten)

    def _try(self, last: float) -> None:
        self._tried = time.monotonic()
        # What cannot be written now is tried again; the last time tells.
        with contextlib.suppress(StorageError):
            self.write(last)

    def write(self, last: float) -> tuple[Path, ...]:
        """Write the files; return their paths.

        Parameters
        ----------
        last : float
            Seconds of sound so far.
        """
        segments: list[Segment] = [
            {**segment, "id": number} for number, segment in enumerate(self._segments)
        ]
        transcript: Transcript = {
            "text": " ".join(self._texts),
            "segments": segments,
            "language": self._language,
        }
        paths = write_outputs(transcript, self._stem, self._output, last=last)
        self._written = self._tried = time.monotonic()
        self._unwritten = None
        return paths


def recording_path(stem: Path) -> Path:
    """Return where the sound is kept.

    Examples
    --------
    >>> str(recording_path(Path("talks/first")))
    'talks/first.wav'
    """
    return stem.with_name(f"{stem.name}.wav")
