"""The process that decodes: what it does with a recording that has gone, or is known already."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import media
import pytest
from reported.works import ScriptedEngine, text_of

from transcriber.engine.interface import DecodedWindows, WindowResult
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings
from transcriber.transcript.journal import SUFFIX, open_journal
from transcriber.watching import decoding
from transcriber.watching.feed import ENDED, Feed, Lines, send
from transcriber.watching.naming import BESIDE, has_transcript, named


@dataclass(kw_only=True)
class _Engine(ScriptedEngine):
    """Calls something after its first window."""

    meanwhile: Callable[[], object] = lambda: None

    def windows(self, language: str, done: DecodedWindows) -> Iterator[WindowResult]:
        for window in super().windows(language, done):
            yield window
            self.meanwhile()
            self.meanwhile = lambda: None


@dataclass
class Watched:
    """A folder whose recordings are decoded one after the other."""

    folder: Path
    settings: RunSettings
    engine: _Engine = field(default_factory=_Engine)
    reporter: mock.Mock = field(default_factory=mock.Mock)

    def add(self, name: str = "talk.wav") -> Path:
        return media.write_wav(self.folder / name, seconds=3)

    def is_done(self, path: Path) -> bool:
        recording = named({path: self.folder}, self.settings)[path]
        return has_transcript(recording, self.folder, self.settings)

    def decode(self, path: Path, told: str = "") -> dict[str, Any]:
        """Decode a recording; return how it has ended."""
        recording = named({path: self.folder}, self.settings)[path]
        (orders, giving), (answers, answering) = os.pipe(), os.pipe()
        send(giving, {"recording": (str(path), recording.label, str(recording.stem), told)})
        os.close(giving)
        try:
            feed = Feed(orders, answering, self.reporter.note)
            decoding.decode(self.settings, self.reporter, feed)
            said = list(Lines(answers).read(wait=False))
        finally:
            for descriptor in (orders, answers, answering):
                os.close(descriptor)
        (ended,) = (message for message in said if message["event"] == ENDED)
        return dict(ended)


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    folder = tmp_path / "in"
    folder.mkdir()
    settings = RunSettings(
        inputs=(),
        model_directory=tmp_path,
        decoding=DecodingSettings(),
        output=OutputSettings(directory=BESIDE, formats=("txt", "tsv")),
        verbose=False,
    )
    made = Watched(folder, settings)
    for name, value in {
        "transcription_fits": True,
        "has_to_be_fetched": False,
        "find_ffmpeg": media.ffmpeg(),
        "prepare": (1, made.engine),
    }.items():
        monkeypatch.setattr(decoding, name, mock.Mock(return_value=value))
    return made


def test_a_folder_that_was_renamed_meanwhile_is_not_made_anew(watched: Watched) -> None:
    path = watched.add()
    away = watched.folder.with_name("away")
    watched.engine.meanwhile = lambda: watched.folder.rename(away)
    ended = watched.decode(path)
    assert (ended["code"], ended["told"]) == (3, f"{path}: is no longer there")
    assert not watched.folder.exists()
    # What was decoded is taken up under the new name.
    assert sorted(one.name for one in away.iterdir()) == [f"talk{SUFFIX}", "talk.wav"]
    watched.folder, before = away, len(watched.engine.decoded)
    assert watched.decode(away / "talk.wav")["code"] == 0
    assert len(watched.engine.decoded) == before
    assert (away / "talk.txt").read_text() == text_of("A")


def test_a_folder_that_was_deleted_meanwhile_stays_so(watched: Watched) -> None:
    path = watched.add()
    watched.engine.meanwhile = lambda: shutil.rmtree(watched.folder)
    assert watched.decode(path)["code"] == 3
    assert not watched.folder.exists()


@pytest.mark.parametrize("elsewhere", [False, True])
def test_without_its_recording_nothing_is_written_beside_it(
    watched: Watched, *, elsewhere: bool
) -> None:
    path, out = watched.add(), watched.folder.with_name("out")
    if elsewhere:
        output = OutputSettings(directory=out, formats=("txt", "tsv"))
        watched.settings = RunSettings(**{**vars(watched.settings), "output": output})
    watched.engine.meanwhile = path.unlink
    assert watched.decode(path)["code"] == (0 if elsewhere else 3)
    assert not list(watched.folder.iterdir())
    assert (out / "talk.txt").exists() == elsewhere


def test_a_file_with_another_title_keeps_its_transcript_and_what_was_mended_in_it(
    watched: Watched,
) -> None:
    path = watched.add("talk.wav")
    watched.decode(path)
    text = path.with_suffix(".txt")
    text.write_text("mended")
    # A chunk that no decoder reads.
    with path.open("ab") as stream:
        stream.write(b"note\x04\x00\x00\x00rest")
    assert not watched.is_done(path)
    before = len(watched.engine.decoded)
    assert watched.decode(path)["code"] == 0
    assert len(watched.engine.decoded) == before
    assert text.read_text() == "mended"
    assert watched.is_done(path)
    assert not list(watched.folder.glob(f"*{SUFFIX}"))
    watched.reporter.skip.assert_called_once_with(str(path))
    watched.reporter.fail.assert_not_called()
    # Other sounds are another recording.
    media.write_wav(path, seconds=2)
    assert watched.decode(path)["code"] == 0
    assert text.read_text() == "A0\nA1\nA2\nA3\n"


def test_a_failure_is_told_unless_it_was(watched: Watched) -> None:
    path = watched.add()
    with open_journal(path.with_suffix(SUFFIX)):
        ended = watched.decode(path)
        assert ended["code"] == 7
        watched.reporter.fail.assert_called_once()
        assert watched.decode(path, ended["told"]) == ended
        watched.reporter.fail.assert_called_once()
