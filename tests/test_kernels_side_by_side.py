"""Journals of other work, and kernels that must not change while something is decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import media
from test_side_by_side import SAID

from transcriber.audio.stream import AudioLimits
from transcriber.engine.batching import side_by_side
from transcriber.engine.clipwise import clips_left
from transcriber.engine.interface import Position, SpokenLanguage, WindowResult
from transcriber.engine.request import Request
from transcriber.inputs.recordings import Recording
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings
from transcriber.side_by_side import SideBySide
from transcriber.transcript.journal import Header, journal_path, open_journal


class Taken:
    def __init__(self) -> None:
        self.clips = [(0, 300)]

    def close(self) -> None:
        pass


class KernelEngine:
    """Notes with which kernels each request is decoded, and begins with the best."""

    def __init__(self) -> None:
        self.wanted = ""
        self.held: dict[int, Request] = {}
        self.clips = [(0, 300)]
        self.computed: dict[str, set[str]] = {}
        self.names = iter("abc")
        self.changed_beside: list[str] = []
        self.loaded = "int8 best"

    def model(self) -> None:
        now = self.wanted or "int8 best"
        if now != self.loaded and self.held:
            self.changed_beside.append(f"{self.loaded} -> {now}")
        self.loaded = now

    def identity(self) -> Any:
        return {}

    def kernels(self) -> str:
        self.model()
        return self.loaded

    def use_kernels(self, wanted: str) -> None:
        self.wanted = wanted

    def use_threads(self, threads: int) -> None:
        pass

    def read(self, blocks: Any) -> float:
        for _ in blocks:
            pass
        self.model()
        return 3.0

    def use_clips(self, clips: Any) -> None:
        pass

    def language(self) -> SpokenLanguage:
        self.model()
        return SpokenLanguage(code="en")

    def result(self, progress: Any) -> Any:
        return {"text": "", "segments": [], "language": "en"}

    def close(self) -> None:
        pass

    def take(self) -> Any:
        return Taken()

    def loops(self, taken: Any, language: str, done: Any) -> Any:
        name = next(self.names)
        for clip in clips_left(taken.clips, done):
            yield clip, self.loop(name)

    def loop(self, name: str) -> Any:
        for n in range(3):
            yield Request(encoded=name, language="en", prompt=[], temperature=0.0)
            yield WindowResult(segments=(), position=Position(seek=100 * (n + 1)))

    def decode(self, loops: Any) -> Any:
        return side_by_side(loops, self, most=8)

    def fits(self, request: Request) -> bool:
        return True

    def add(self, number: int, request: Request) -> None:
        self.held[number] = request

    def run(self) -> Any:
        self.model()
        done, self.held = self.held, {}
        for request in done.values():
            self.computed.setdefault(request.encoded, set()).add(self.loaded)
        return [(number, SAID) for number in done]


def test_kernels_do_not_change_while_another_recording_is_decoded(tmp_path: Path) -> None:
    """What is of other work, and so begins anew with the best kernels, is decoded alone, too."""
    recordings = []
    for name in "abc":
        path = media.write_wav(tmp_path / f"{name}.wav", seconds=1)
        recordings.append(Recording(path=path, label=name, stem=Path(name)))
        with open_journal(journal_path(tmp_path / name)) as journal:
            journal.begin(
                Header(identity="of other work", language="en", threads=1, kernels="int8 default")
            )
            journal.append(WindowResult(segments=(), position=Position(seek=10)))
    settings = RunSettings(
        inputs=(),
        model_directory=tmp_path,
        decoding=DecodingSettings(),
        output=OutputSettings(directory=tmp_path, formats=("txt",)),
    )
    engine: Any = KernelEngine()
    reporter = mock.Mock()
    ahead = LookAhead(recordings, ffmpeg=media.ffmpeg(), limits=AudioLimits())

    def make_job(recording: Recording) -> Job:
        return Job(recording, settings, engine=engine, threads=1, reporter=reporter)

    failed = mock.Mock()
    SideBySide(engine, make_job=make_job, ahead=ahead, reporter=reporter, failed=failed).transcribe(
        recordings
    )
    failed.assert_not_called()
    assert engine.changed_beside == []
    assert {name: len(used) for name, used in engine.computed.items()} == dict.fromkeys("abc", 1)
