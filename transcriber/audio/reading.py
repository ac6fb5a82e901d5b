"""One track of a recording, decoded by an ffmpeg and put on its clock."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from transcriber.audio.channels import Channels
from transcriber.audio.clock import Clock
from transcriber.audio.command import build_command
from transcriber.audio.ffmpeg import Ffmpeg
from transcriber.audio.limits import AudioLimits
from transcriber.audio.messages import FfmpegMessages
from transcriber.audio.process import FfmpegProcess
from transcriber.audio.tracks import AudioTrack


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """What is read, and how.

    Attributes
    ----------
    path, label, ffmpeg, limits
        As `open_audio` has them.
    choice : str or None
        Which audio track, as `parse_choice` returns it.
    is_closed : callable
        Whether nobody wants more of it.
    running : list of FfmpegProcess
        What reads it now. Whoever closes it ends them, from another thread.
    """

    path: Path
    label: str
    ffmpeg: Ffmpeg
    limits: AudioLimits
    choice: str | None
    is_closed: Callable[[], bool]
    running: list[FfmpegProcess] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where in a file a recording begins: after how many bytes, and after how many samples.

    It is alone where ffmpeg must not decode what follows along with it.
    """

    offset: int = 0
    samples: int = 0
    alone: bool = False


class Reading:
    """One ffmpeg that decodes one track.

    Attributes
    ----------
    messages : FfmpegMessages
        What it says.
    clock : Clock
        Where its samples go.
    status : int
        How it ended; known after the last of the pieces.
    """

    def __init__(
        self,
        file: SourceFile,
        place: Place,
        track: AudioTrack | None = None,
        *,
        mend: bool = False,
        thorough: bool = False,
    ) -> None:
        self._file = file
        self._place = place
        self._thorough = thorough
        self._track = track
        self._channels = Channels(file.label) if mend else None
        self.messages = FfmpegMessages()
        self.clock = Clock(self.messages, file.label, before=place.samples, alone=place.alone)
        self.status = 0

    def pieces(self) -> Generator[bytes, None, None]:
        """Yield its samples in pieces of any length; each holds whole samples."""
        file, channels = self._file, self._channels
        process = FfmpegProcess(
            build_command(
                file.ffmpeg.path,
                file.path,
                stream=self._track.stream if self._track else None,
                offset=self._place.offset,
                channels=channels is not None,
                thorough=self._thorough,
            ),
            label=file.label,
            limits=file.limits,
            on_message=self.messages.feed,
            on_channels=channels.feed if channels else None,
            sandbox=file.ffmpeg.sandbox,
            recording=file.path,
        )
        file.running.append(process)
        try:
            with process:
                # Who closes the file may have come before there was anything to end.
                if file.is_closed():
                    return
                whole = _whole_samples(process.output())
                for data in channels.mend(whole) if channels else whole:
                    yield from self.clock.place(data)
                    if self.clock.ended:
                        return
            self.status = process.status
        finally:
            file.running.remove(process)
        self.messages.finish()

    def notes(self) -> list[str]:
        """Return a line for each way in which its samples are not those of the file."""
        return self.clock.notes() + (self._channels.notes() if self._channels else [])


def _whole_samples(chunks: Iterator[bytes]) -> Iterator[bytes]:
    half = b""
    for chunk in chunks:
        data = half + chunk
        # A killed ffmpeg may have written half of the last one.
        whole = len(data) - len(data) % 2
        half = data[whole:]
        if whole:
            yield data[:whole]
