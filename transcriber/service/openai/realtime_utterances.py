"""The sound of a live transcription, where each utterance is a recording."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from transcriber.errors import TranscriberError
from transcriber.jobs.folders import Folders
from transcriber.service.http.errors import HttpError
from transcriber.service.openai.realtime_files import (
    MOST_SECONDS,
    Heard,
    RecordingFile,
    too_short,
)
from transcriber.service.openai.realtime_sound import Started, Stopped
from transcriber.speech.changes import Change
from transcriber.worker.ears import FRAME_MS, Ear, Ears, frame_bytes


class DetectedSound:
    """Sound of which each utterance is a recording: `Sound` has the methods.

    Parameters
    ----------
    folders : Folders
        Where those of jobs are.
    ears : Ears
        What hears speech.
    rate : int
        Samples per second.
    detection : mapping
        As `RealtimeSettings.detection`.
    milliseconds : int
        How much the client has sent already.
    """

    def __init__(
        self,
        folders: Folders,
        ears: Ears,
        rate: int,
        *,
        detection: Mapping[str, Any],
        milliseconds: int,
    ) -> None:
        self._folders = folders
        self._ears = ears
        self._rate = rate
        self._detection = detection
        self._start = milliseconds
        self._frames = 0
        self._pending = b""
        # What is heard before somebody speaks.
        frames = math.ceil(self._detection["prefix_padding_ms"] / FRAME_MS)
        self._before: deque[bytes] = deque(maxlen=frames)
        self._file: RecordingFile | None = None
        self._is_speech = False
        self._ear = self._new_ear()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self._is_speech

    def add(self, samples: bytes) -> Iterator[Started | Stopped]:
        """Take in samples, and yield when somebody begins and ends to speak."""
        size = frame_bytes(self._rate)
        samples = self._pending + samples
        whole = len(samples) // size * size
        self._pending = samples[whole:]
        try:
            for frame, change in self._ear.hear(samples[:whole]):
                yield from self._take(frame, change)
        except (HttpError, TranscriberError):
            self.clear()
            raise

    def commit(self) -> Heard:
        """Return what was heard, and begin anew."""
        if self._file is None or not self._is_speech:
            raise too_short(0.0)
        # It comes once more, as what is before the next utterance.
        self._file.add(self._pending)
        heard = self._whole(self._file)
        # Whoever speaks on begins anew.
        self._listen_anew()
        return heard

    def clear(self) -> None:
        """Forget what was heard."""
        self._forget()
        self._pending = b""
        self._before.clear()
        self._listen_anew()

    def close(self) -> None:
        """Forget it, and take in no more."""
        self._forget()
        self._ear.close()

    def _take(self, frame: bytes, change: Change) -> Iterator[Started | Stopped]:
        if change is Change.BEGUN:
            self._forget()
            self._file = self._begun()
        if self._file is not None:
            self._file.add(frame)
        if not self._is_speech:
            self._before.append(frame)
        self._frames += 1
        if self._file is None:
            return
        if change is Change.SPEECH:
            self._before.clear()
            self._is_speech = True
            yield Started(item=self._file.item, milliseconds=self._file.start)
        elif change is Change.NOISE:
            self._forget()
        elif change is Change.OVER:
            yield self._stopped(self._file)
        elif self._file.seconds > MOST_SECONDS:
            was_speech = self._is_speech
            if was_speech:
                yield self._stopped(self._file)
            self._forget()
            # Somebody goes on to speak.
            self._file, self._is_speech = self._begun(), was_speech
            if was_speech:
                yield Started(item=self._file.item, milliseconds=self._file.start)

    def _begun(self) -> RecordingFile:
        """Return the file of what begins, with what was before it."""
        start = self._now - len(self._before) * FRAME_MS
        file = RecordingFile(self._folders, self._rate, start)
        try:
            file.add(b"".join(self._before))
        except BaseException:
            file.discard()
            raise
        return file

    def _stopped(self, file: RecordingFile) -> Stopped:
        return Stopped(heard=self._whole(file), milliseconds=self._now)

    def _whole(self, file: RecordingFile) -> Heard:
        self._file, self._is_speech = None, False
        return file.whole()

    def _forget(self) -> None:
        if self._file is not None:
            self._file.discard()
        self._file, self._is_speech = None, False

    @property
    def _now(self) -> int:
        return self._start + self._frames * FRAME_MS

    def _listen_anew(self) -> None:
        # In this order, since the process ends with the last one.
        before, self._ear = self._ear, self._new_ear()
        before.close()

    def _new_ear(self) -> Ear:
        return self._ears.open(
            self._rate,
            threshold=self._detection["threshold"],
            silence_ms=self._detection["silence_duration_ms"],
        )
