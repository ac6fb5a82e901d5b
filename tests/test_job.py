"""One recording on its way to its files."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import media
import pytest
from reported.works import WINDOWS, ScriptedEngine, text_of

from transcriber.audio.stream import AudioLimits
from transcriber.engine.interface import DecodedWindows, Position, WindowResult
from transcriber.inputs.recordings import Recording
from transcriber.interruption import Interrupted
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.progress.reporter import TextReporter
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings
from transcriber.transcript.journal import Header, journal_path, open_journal


def test_an_interruption_while_reading_leaves_the_journal_alone(tmp_path: Path) -> None:
    """Until the samples are known, the journal may be of another recording."""
    source = sorted(media.samples().glob("*.wav"))[0]
    stem = tmp_path / "talk"
    with open_journal(journal_path(stem)) as journal:
        journal.begin(Header(identity="of other work", language="de", threads=1))
        journal.append(WindowResult(segments=(), position=Position(seek=3000)))
    before = journal_path(stem).read_bytes()
    settings = RunSettings(
        inputs=(),
        model_directory=tmp_path,
        decoding=DecodingSettings(),
        output=OutputSettings(directory=tmp_path),
    )
    engine = mock.Mock()
    engine.identity.return_value = {}
    engine.read.side_effect = Interrupted(signal.SIGINT)
    recording = Recording(path=source, label="talk.wav", stem=Path("talk"))
    job = Job(
        recording,
        settings,
        engine=engine,
        threads=1,
        reporter=TextReporter(bar=False),
    )
    ahead = LookAhead([recording], ffmpeg=media.ffmpeg(), limits=AudioLimits())
    with pytest.raises(Interrupted) as caught:
        job.run(ahead)
    assert "stays as it was" in caught.value.message
    assert [path.name for path in tmp_path.iterdir()] == [journal_path(stem).name]
    assert journal_path(stem).read_bytes() == before
    engine.result.assert_not_called()


class OverrunningEngine(ScriptedEngine):
    """Says what no player could show, of a recording of three seconds."""

    spoken = (
        (0, 0.0, 1.2, " first"),
        (0, 1.0, 1.0, " second"),
        (0, 1.5, 1.9, "  "),
        (200, 2.0, 30.0, " third"),
        (200, 30.0, 31.0, " invented"),
    )

    def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
        for seek in (0, 200):
            segments: list[Any] = [
                {"seek": seek, "start": start, "end": end, "text": text, "tokens": [1]}
                for place, start, end, text in self.spoken
                if place == seek
            ]
            yield WindowResult(segments=tuple(segments), position=Position(seek=seek + 200))


def test_what_is_told_can_be_shown(tmp_path: Path) -> None:
    source = media.write_wav(tmp_path / "talk.wav", seconds=3)
    settings = RunSettings(
        inputs=(),
        model_directory=tmp_path,
        decoding=DecodingSettings(),
        output=OutputSettings(directory=tmp_path, formats=("txt", "tsv")),
    )
    recording = Recording(path=source, label="talk.wav", stem=Path("talk"))
    reporter = mock.Mock()
    engine: Any = OverrunningEngine()
    job = Job(recording, settings, engine=engine, threads=1, reporter=reporter)
    with LookAhead([recording], ffmpeg=media.ffmpeg(), limits=AudioLimits()) as ahead:
        job.run(ahead)
    expected = [(0.0, 1.0, " first"), (1.0, 1.02, " second"), (2.0, 3.0, " third")]
    told = [one for call in reporter.window.call_args_list for one in call.args[0]]
    assert [(one["start"], one["end"], one["text"]) for one in told] == [
        (pytest.approx(start), pytest.approx(end), text) for start, end, text in expected
    ]
    assert [call.args[0] for call in reporter.line.call_args_list] == [
        "[00:00.000 --> 00:01.000]  first",
        "[00:01.000 --> 00:01.020]  second",
        "[00:02.000 --> 00:03.000]  third",
    ]
    assert (tmp_path / "talk.txt").read_text() == "first\nsecond\nthird\n"
    rows = (tmp_path / "talk.tsv").read_text().splitlines()[1:]
    assert rows == ["0\t1000\tfirst", "1000\t1020\tsecond", "2000\t3000\tthird"]


def test_a_kill_leaves_nothing_of_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = media.write_wav(tmp_path / "talk.wav", seconds=3)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    found: list[list[Path]] = []

    class LookingEngine(ScriptedEngine):
        def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
            for window in super().windows(language, done):
                found.append(list(folder.rglob("transcript*")))
                yield window

    settings = RunSettings(
        inputs=(),
        model_directory=tmp_path,
        decoding=DecodingSettings(),
        output=OutputSettings(directory=None, formats=("txt",)),
        verbose=False,
    )
    recording = Recording(path=source, label="talk.wav", stem=Path("talk"))
    engine: Any = LookingEngine()
    job = Job(recording, settings, engine=engine, threads=1, reporter=mock.Mock())
    with LookAhead([recording], ffmpeg=media.ffmpeg(), limits=AudioLimits()) as ahead:
        job.run(ahead)
    assert found == [[]] * WINDOWS
    assert capsys.readouterr().out == text_of("A")


@pytest.mark.parametrize(("task", "language"), [("transcribe", "de"), ("translate", "en")])
@pytest.mark.parametrize("is_printed", [True, False])
def test_the_heading_is_the_recordings_and_the_language_that_of_the_text(
    task: str, language: str, is_printed: bool, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    class GermanEngine(OverrunningEngine):
        def result(self, decoded: DecodedWindows) -> Any:
            return {**super().result(decoded), "language": "de"}

    settings = RunSettings(
        inputs=(),
        model_directory=tmp_path,
        decoding=DecodingSettings(task=task),
        output=OutputSettings(directory=None if is_printed else tmp_path, formats=("html",)),
        verbose=False,
    )
    # Its files have another name where another recording is called alike.
    source = media.write_wav(tmp_path / "my talk.wav", seconds=3)
    recording = Recording(path=source, label="my talk.wav", stem=Path("my talk.wav"))
    engine: Any = GermanEngine()
    job = Job(recording, settings, engine=engine, threads=1, reporter=mock.Mock())
    with LookAhead([recording], ffmpeg=media.ffmpeg(), limits=AudioLimits()) as ahead:
        job.run(ahead)
    page = capfd.readouterr().out if is_printed else (tmp_path / "my talk.wav.html").read_text()
    assert f'<html lang="{language}">' in page
    assert "<title>my talk</title>" in page
    assert "third</p>" in page
    assert "invented" not in page
