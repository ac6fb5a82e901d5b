"""Transcribing recordings with an engine that a test makes up, which may be interrupted."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import media

from transcriber.audio.stream import AudioLimits
from transcriber.engine import openai_whisper
from transcriber.engine.interface import DecodedWindows, Position, SpokenLanguage, WindowResult
from transcriber.inputs.recordings import Recording
from transcriber.interruption import Interrupted
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.outputs import is_done
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings

openai_whisper.load()

WINDOWS = 6


@dataclass(kw_only=True)
class ScriptedEngine:
    """Says a word in each half second, by its options.

    Attributes
    ----------
    options : str
        What it would be given on the command line.
    stop : int
        The window that it is interrupted in; -1 for none.
    language_found : SpokenLanguage
        The language of every recording.
    decoded : list of int
        The windows that were decoded.
    """

    options: str = "A"
    stop: int = -1
    name: str = "float32"
    language_found: SpokenLanguage = field(default_factory=lambda: SpokenLanguage(code="en"))
    decoded: list[int] = field(default_factory=list)
    clips: None = None

    def identity(self) -> dict[str, str]:
        return {"options": self.options}

    def kernels(self) -> str:
        return self.name

    def use_kernels(self, wanted: str) -> None:
        pass

    def use_threads(self, threads: int) -> None:
        pass

    def use_clips(self, clips: None) -> None:
        pass

    def read(self, blocks: Iterable[bytes]) -> float:
        return sum(map(len, blocks)) / 32000

    def language(self) -> SpokenLanguage:
        return self.language_found

    def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
        for number in range(len(done.windows), WINDOWS):
            if number == self.stop:
                raise Interrupted(signal.SIGINT)
            self.decoded.append(number)
            start = number / 2
            segment: Any = {
                "seek": 50 * number,
                "start": start,
                "end": start + 0.5,
                "text": f" {self.options}{number}",
                "tokens": [number],
            }
            yield WindowResult(segments=(segment,), position=Position(seek=50 * number + 50))

    def result(self, decoded: DecodedWindows) -> dict[str, Any]:
        text = "".join(segment["text"] for segment in decoded.segments)
        return {"text": text, "segments": decoded.segments, "language": decoded.language}

    def close(self) -> None:
        pass


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a run told the user.

    Attributes
    ----------
    notes : list of str
        In their order, and at the end why it was interrupted.
    skipped : bool
        Whether the recording was passed over.
    """

    notes: list[str]
    skipped: bool = False

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.notes)


def transcribe(
    path: Path,
    folder: Path,
    engine: ScriptedEngine | None = None,
    *,
    formats: Sequence[str] = ("txt",),
    skip_existing: bool = False,
) -> Said:
    """Transcribe a recording as the program would."""
    settings = RunSettings(
        inputs=(),
        model_directory=folder,
        decoding=DecodingSettings(),
        output=OutputSettings(directory=folder, formats=tuple(formats)),
        verbose=False,
    )
    recording = Recording(path=path, label=f"{path.parent.name}/{path.name}", stem=Path(path.stem))
    if skip_existing and is_done(recording, settings):
        return Said(notes=[], skipped=True)
    notes: list[str] = []
    reporter = mock.Mock()
    reporter.note.side_effect = notes.append
    given: Any = engine or ScriptedEngine()
    job = Job(recording, settings, engine=given, threads=1, reporter=reporter)
    with LookAhead([recording], ffmpeg=media.ffmpeg(), limits=AudioLimits()) as ahead:
        try:
            job.run(ahead)
        except Interrupted as interruption:
            notes.append(interruption.message)
    return Said(notes=notes)


def text_of(options: str) -> str:
    """Return the text of a recording of three seconds that was transcribed to its end."""
    return "".join(f"{options}{number}\n" for number in range(WINDOWS))
