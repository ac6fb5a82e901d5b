"""Where live sound comes from: a device, a file played at its own pace, or a pipe."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from transcriber.audio.ffmpeg import find_ffmpeg
from transcriber.audio.stream import open_audio
from transcriber.capture.recorder import Recorder
from transcriber.capture.sources import find_source
from transcriber.capture.spool import Spool
from transcriber.errors import InputError, TranscriberError
from transcriber.live.pieces import RATE
from transcriber.run import audio_limits
from transcriber.settings import RunSettings

PIPE = "-"
"""Standard input: signed 16-bit samples at 16 kHz, one channel, with a WAV header or without."""

DEVICES = ("microphone", "system")

_BLOCK = RATE // 5
"""Bytes that are played at once, 0.1 s."""

_HEADER = 4096
"""Bytes in which the header of a WAV file has to end."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """Sound that comes in.

    Attributes
    ----------
    spool : Spool
        What came.
    stop : callable
        Ends it; what is there can still be read.
    name : str
        Where it comes from.
    """

    spool: Spool
    stop: Callable[[], None]
    name: str


@contextlib.contextmanager
def open_input(
    wanted: str, settings: RunSettings, *, pace: float = 1.0, record: Path | None = None
) -> Iterator[Input]:
    """Open what is named.

    Parameters
    ----------
    wanted : str
        One of `DEVICES`, the name of a source or a part of it, a file, or `PIPE`.
    settings : RunSettings
        What reads files.
    pace : float
        How fast a file is played: 1 as it was spoken, 0 as fast as it can be read.
    record : Path, optional
        Where the sound is kept, as a WAV file.

    Raises
    ------
    TranscriberError
        When there is no such thing.
    """
    path = Path(wanted)
    if wanted == PIPE or (path.exists() and stat.S_ISFIFO(path.stat().st_mode)):
        stream = sys.stdin.buffer if wanted == PIPE else path.open("rb")
        with Spool(_samples(stream, wanted), record) as spool:
            yield Input(spool=spool, stop=spool.close_input, name="the pipe")
    elif wanted not in DEVICES and path.is_file():
        with _Player(path, settings, pace) as player, Spool(player.stream, record) as spool:
            yield Input(spool=spool, stop=player.stop, name=wanted)
            player.check()
    else:
        source = find_source(wanted)
        with Recorder(source, record) as recorder:
            yield Input(spool=recorder.spool, stop=recorder.stop, name=source.description)


def _samples(stream: BinaryIO, name: str) -> BinaryIO:
    """Return a stream behind its WAV header, if it has one."""
    head = stream.peek(4)[:4] if hasattr(stream, "peek") else b""
    if head != b"RIFF":
        return stream
    header = b""
    while not header.endswith(b"data") and len(header) < _HEADER:
        piece = stream.read(1)
        if not piece:
            break
        header += piece
    stream.read(4)
    place = header.find(b"fmt ")
    found = header[place + 8 : place + 24]
    wanted = (1).to_bytes(2, "little") * 2 + RATE.to_bytes(4, "little")
    if not found.startswith(wanted) or found[14:16] != (16).to_bytes(2, "little"):
        raise InputError(
            f"{name}: live sound has signed 16-bit samples at 16 kHz, in one channel",
            "put `ffmpeg -i INPUT -f s16le -ar 16000 -ac 1 -` in front of it",
        )
    return stream


@contextlib.contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Have the first signal end the sound only; a second one ends the program."""

    def once(*_: int | FrameType | None) -> None:
        restore()
        stop()

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        # A shell's background job has it ignored, and that is to stay.
        if handler is not signal.SIG_IGN:
            signal.signal(number, once)
    try:
        yield
    finally:
        restore()


class _Player:
    """Plays a file into a pipe."""

    def __init__(self, path: Path, settings: RunSettings, pace: float) -> None:
        self._audio = open_audio(
            path,
            ffmpeg=find_ffmpeg(settings.ffmpeg),
            limits=audio_limits(settings),
            track=settings.audio_track,
        )
        self._pace = pace
        self._is_over = threading.Event()
        self._failure: TranscriberError | None = None
        reading, self._writing = os.pipe()
        self.stream = os.fdopen(reading, "rb", buffering=0)
        self._thread = threading.Thread(target=self._play, daemon=True)

    def __enter__(self) -> _Player:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.stream.close()
        self._thread.join()

    def stop(self) -> None:
        """Play no more."""
        self._is_over.set()

    def check(self) -> None:
        """Raise what kept the file from being read to its end."""
        if self._failure is not None:
            raise self._failure

    def _play(self) -> None:
        begun = time.monotonic()
        played = 0
        try:
            with self._audio as audio:
                for block in audio:
                    for place in range(0, len(block), _BLOCK):
                        played += len(block[place : place + _BLOCK])
                        due = begun + played / 2 / RATE * self._pace
                        if self._is_over.wait(max(0.0, due - time.monotonic())):
                            return
                        os.write(self._writing, block[place : place + _BLOCK])
        except BrokenPipeError:
            pass
        except TranscriberError as error:
            self._failure = error
        finally:
            os.close(self._writing)
