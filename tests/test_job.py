"""One recording on its way to its files."""

from __future__ import annotations

import signal
from pathlib import Path
from unittest import mock

import media
import pytest

from transcriber.audio.stream import AudioLimits
from transcriber.engine.interface import Position, WindowResult
from transcriber.inputs import Recording
from transcriber.interruption import Interrupted
from transcriber.job import Job
from transcriber.look_ahead import LookAhead
from transcriber.progress import TextReporter
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
