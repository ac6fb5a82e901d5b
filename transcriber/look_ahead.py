"""Begin to read the next recording while the present one is decoded."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from transcriber.audio.ffmpeg import Ffmpeg
from transcriber.audio.stream import AudioLimits, AudioStream, open_audio
from transcriber.errors import TranscriberError
from transcriber.inputs.recordings import Recording


class LookAhead:
    """The recordings of a call, of which one at a time is read before its turn.

    A context manager; leaving it ends what is still being read.

    Parameters
    ----------
    recordings : sequence of Recording
        All of them, in the order of their turns.
    ffmpeg : Ffmpeg
        What reads them.
    limits : AudioLimits
        What reading one may cost.
    track : str, optional
        Which audio track is read, as `open_audio` takes it.
    check : callable
        Is given a recording again and again while it is read at its turn: it raises when nobody
        wants it any more.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        ffmpeg: Ffmpeg,
        limits: AudioLimits,
        track: str | None = None,
        check: Callable[[Recording], None] = lambda _: None,
    ) -> None:
        self._check = check
        self._waiting = deque(recordings)
        self._ffmpeg = ffmpeg
        self._limits = limits
        self._track = track
        self._begun: tuple[Recording, AudioStream, object] | None = None

    def __enter__(self) -> LookAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def add(self, recording: Recording) -> None:
        """Take in a recording whose turn comes last."""
        self._waiting.append(recording)

    def begin(self) -> None:
        """Begin to read the recording whose turn is next, unless that is done already.

        What goes wrong is told at its turn.
        """
        if self._begun is not None or not self._waiting:
            return
        recording = self._waiting[0]
        # Standard input is copied at its turn.
        if recording.path is None:
            return
        with contextlib.suppress(TranscriberError, OSError):
            state = _state(recording.path)
            stream = self._open(recording, recording.path)
            self._begun = recording, stream, state
            stream.begin()

    def open(self, recording: Recording, path: Path) -> AudioStream:
        """Open a recording at its turn, for whoever closes it; what was begun goes on.

        Parameters
        ----------
        recording : Recording
            Which one. Those before it will not be asked for any more.
        path : Path
            Where it lies.

        Raises
        ------
        InputError
            As `open_audio` does.
        """
        while self._waiting and self._waiting.popleft() is not recording:
            pass
        if self._begun is not None:
            begun, stream, state = self._begun
            with contextlib.suppress(OSError):
                # A recording that was still being copied is read again.
                if begun is recording and state == _state(path):
                    self._begun = None
                    stream.check = lambda: self._check(recording)
                    return stream
            self._end()
        stream = self._open(recording, path)
        stream.check = lambda: self._check(recording)
        return stream

    def _open(self, recording: Recording, path: Path) -> AudioStream:
        return open_audio(
            path,
            ffmpeg=self._ffmpeg,
            limits=self._limits,
            label=recording.label,
            track=self._track,
        )

    def _end(self) -> None:
        if self._begun is not None:
            _, stream, _ = self._begun
            self._begun = None
            stream.close()


def _state(path: Path) -> object:
    """Return what changes when a file is written to, or another takes its place."""
    found = os.stat(path)  # noqa: PTH116  a name may be longer than pathlib takes
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
