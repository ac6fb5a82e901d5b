"""``/api/jobs/ID/audio`` and ``/api/jobs/ID/peaks``: a recording to listen to, and its outline."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from array import array
from dataclasses import dataclass, field
from pathlib import Path

from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.audio.stream import SAMPLE_RATE, open_audio
from transcriber.errors import TranscriberError
from transcriber.files import atomic_writer
from transcriber.jobs.record import JobRecord
from transcriber.run import audio_limits
from transcriber.service.api.views import find
from transcriber.service.context import Context
from transcriber.service.http.errors import http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, file_response
from transcriber.service.http.storing import KEEP_FREE, Room, free_bytes
from transcriber.service.http.workers import resting
from transcriber.service.wave_header import wave_header

PER_SECOND = 20
"""Peaks of the outline: at any width of a window, some for each of its points."""

_STEP_BYTES = 2 * SAMPLE_RATE // PER_SECOND

_LARGEST = 32768
"""The loudest that a sample of 16 bits can be."""

_HEAD_BYTES = 64

_PLAYED = (
    # What each browser plays, by the first bytes. Anything else is turned into WAV.
    (b"fLaC", "audio/flac"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
)


@dataclass(frozen=True, kw_only=True)
class Audio:
    """Answers with recordings.

    Attributes
    ----------
    context : Context
        The service.
    """

    context: Context
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def sound(self, request: Request) -> Response:
        """Answer with a recording in a form that browsers play."""
        record = find(self.context, request)
        media_type = _played(record.recording)
        if media_type:
            return file_response(record.recording, request, media_type)
        return file_response(self._made(record, "playable.wav"), request, "audio/wav")

    def peaks(self, request: Request) -> Response:
        """Answer with a recording's outline."""
        record = find(self.context, request)
        return file_response(self._made(record, "peaks.json"), request, "application/json")

    def _made(self, record: JobRecord, name: str) -> Path:
        """Return a file that is made of the recording when it is first asked for."""
        folder = self.context.queue.folders.of(record.job)
        path = folder / name
        with self._locks.setdefault(record.job, threading.Lock()):
            if not path.is_file():
                try:
                    # An ffmpeg works, and whoever asks waits.
                    with resting():
                        self._make(record, folder)
                except TranscriberError as error:
                    raise http_error(error) from error
        self._locks.pop(record.job, None)
        return path

    def _make(self, record: JobRecord, folder: Path) -> None:
        settings = self.context.settings
        peaks: list[float] = []
        samples = 0
        with contextlib.ExitStack() as stack:
            audio = stack.enter_context(
                open_audio(
                    record.recording,
                    ffmpeg=find_ffmpeg(settings.ffmpeg),
                    limits=audio_limits(settings),
                    label=record.name,
                    track=settings.audio_track,
                )
            )
            sound = None
            if not _played(record.recording):
                sound = stack.enter_context(atomic_writer(folder / "playable.wav"))
                sound.write(wave_header(0, rate=SAMPLE_RATE))
                room = Room(folder, None, KEEP_FREE, free_bytes)
            rest = b""
            for block in audio:
                if sound is not None:
                    sound.write(block)
                    room.use(len(block))
                samples += len(block) // 2
                whole = len(rest + block) // _STEP_BYTES * _STEP_BYTES
                peaks += _peaks((rest + block)[:whole])
                rest = (rest + block)[whole:]
            peaks += _peaks(rest)
            if sound is not None:
                sound.seek(0)
                sound.write(wave_header(2 * samples, rate=SAMPLE_RATE))
        content = {"peaks": peaks, "per_second": PER_SECOND, "duration": samples / SAMPLE_RATE}
        with atomic_writer(folder / "peaks.json") as stream:
            stream.write(json.dumps(content, separators=(",", ":")).encode())


def _played(path: Path) -> str:
    """Return the media type of a recording that each browser plays; nothing for any other."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return ""
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return "audio/wav"
    # The same container has the name of what it is in its head.
    if head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head:
        return "video/webm"
    if head[4:8] == b"ftyp":
        return "audio/mp4"
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE6 == 0xE2:
        return "audio/mpeg"
    return next((kind for start, kind in _PLAYED if head.startswith(start)), "")


def _peaks(block: bytes) -> list[float]:
    """Return the peaks of a block, from 0 to 1 with three digits."""
    values = array("h", block)
    if sys.byteorder == "big":
        values.byteswap()
    step = SAMPLE_RATE // PER_SECOND
    parts = (values[start : start + step] for start in range(0, len(values), step))
    outline = ((max(part), -min(part)) for part in parts)
    return [round(max(highest, lowest) / _LARGEST, 3) for highest, lowest in outline]
