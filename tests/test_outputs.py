"""Which files a transcript goes to, and what is there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.engine.interface import Transcript
from transcriber.errors import StorageError
from transcriber.inputs.recordings import Recording
from transcriber.outputs import check_outputs, is_done, output_stem, replaced
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings
from transcriber.transcript.journal import journal_path
from transcriber.transcript.ownership import Mark, fingerprint
from transcriber.transcript.writers import write_outputs

RESULT: Transcript = {"text": "", "segments": [], "language": "en"}


def settings(folder: Path | None, *formats: str) -> RunSettings:
    return RunSettings(
        inputs=(),
        model_directory=Path(),
        decoding=DecodingSettings(),
        output=OutputSettings(directory=folder, formats=formats or ("txt",)),
    )


@pytest.fixture
def talk(tmp_path: Path) -> Recording:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"samples")
    return Recording(path=path, label="talk.wav", stem=Path("day 2", "talk"))


def mark(recording: Recording) -> Mark:
    assert recording.path is not None
    return Mark(content=fingerprint(recording.path), samples="s", label=recording.label)


def test_where_the_files_lie(talk: Recording, tmp_path: Path) -> None:
    assert output_stem(talk, settings(tmp_path)) == tmp_path / "day 2" / "talk"
    assert output_stem(talk, settings(None)) is None


def test_a_recording_is_done_when_all_its_files_are_there(talk: Recording, tmp_path: Path) -> None:
    stem = tmp_path / "day 2" / "talk"
    assert not is_done(talk, settings(tmp_path))
    write_outputs(RESULT, stem, OutputSettings(formats=("txt",)), mark=mark(talk))
    assert is_done(talk, settings(tmp_path))
    assert not is_done(talk, settings(tmp_path, "txt", "srt"))
    write_outputs(RESULT, stem, OutputSettings(formats=("srt",)), mark=mark(talk))
    assert is_done(talk, settings(tmp_path, "txt", "srt"))
    journal_path(stem).touch()
    assert not is_done(talk, settings(tmp_path))
    assert not is_done(talk, settings(None))


def test_one_file_of_another_recording_is_enough(talk: Recording, tmp_path: Path) -> None:
    stem = tmp_path / "day 2" / "talk"
    write_outputs(RESULT, stem, OutputSettings(formats=("txt",)), mark=mark(talk))
    other = Mark(content="other", samples="t", label="b.wav")
    write_outputs(RESULT, stem, OutputSettings(formats=("srt",)), mark=other)
    assert is_done(talk, settings(tmp_path))
    assert not is_done(talk, settings(tmp_path, "txt", "srt"))


def test_what_is_replaced(talk: Recording, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.txt", "a.srt", "a.vtt", "a.tsv", "a.json")]
    assert list(replaced(paths, mark(talk))) == []
    other = Mark(content="other", samples="t", label="b.wav")
    write_outputs(RESULT, tmp_path / "a", OutputSettings(formats=("txt",)), mark=mark(talk))
    write_outputs(RESULT, tmp_path / "a", OutputSettings(formats=("srt", "vtt")), mark=other)
    paths[3].touch()
    assert list(replaced(paths, mark(talk))) == [
        f"replaces {paths[1]}, {paths[2]}, of another recording, b.wav",
        f"replaces {paths[3]}, nobody knows of which recording",
    ]


def test_a_name_that_is_too_long_is_told(tmp_path: Path) -> None:
    check_outputs([tmp_path / f"{'x' * 251}.txt", tmp_path / "missing" / "a.txt"])
    with pytest.raises(StorageError, match="File name too long"):
        check_outputs([tmp_path / f"{'x' * 251}.json"])


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.srt").mkdir()
    check_outputs([tmp_path / "a.txt"])
    with pytest.raises(StorageError, match=r"a\.srt is a folder"):
        check_outputs([tmp_path / "a.txt", tmp_path / "a.srt"])
