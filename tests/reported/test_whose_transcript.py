"""A recording does not take another's transcript for its own, nor replace it without a line."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import media
import pytest

from reported.works import ScriptedEngine, text_of, transcribe
from transcriber.inputs.recordings import Recording
from transcriber.outputs import is_done
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings


def recording(folder: Path, name: str = "talk.wav", *, seconds: float = 3) -> Path:
    folder.mkdir(exist_ok=True)
    return media.write_wav(folder / name, seconds=seconds)


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    return recording(tmp_path / "in1")


@pytest.fixture
def out(tmp_path: Path, talk: Path) -> Path:
    """Return a folder with the transcript of `talk`."""
    assert transcribe(talk, tmp_path / "out").notes == []
    return tmp_path / "out"


def test_its_own_is_skipped(talk: Path, out: Path) -> None:
    assert transcribe(talk, out, skip_existing=True).skipped
    assert transcribe(talk, out).notes == []


@pytest.mark.parametrize("name", ["talk.wav", "talk.mp3", "talk.WAV", "talk"])
def test_anothers_is_not_skipped(tmp_path: Path, out: Path, name: str) -> None:
    other = recording(tmp_path / "in2", name, seconds=2)
    said = transcribe(other, out, ScriptedEngine(options="B"), skip_existing=True)
    assert not said.skipped
    assert said.notes == [
        f"in2/{name}: replaces {out / 'talk.txt'}, of another recording, in1/talk.wav"
    ]
    assert (out / "talk.txt").read_text() != text_of("A")
    # Now it is its own, and the first one's no more.
    assert transcribe(other, out, skip_existing=True).skipped
    assert not transcribe(tmp_path / "in1" / "talk.wav", out, skip_existing=True).skipped


def test_the_line_comes_before_the_file_is_replaced(tmp_path: Path, out: Path) -> None:
    other = recording(tmp_path / "in2", seconds=2.5)
    said = transcribe(other, out, ScriptedEngine(stop=2))
    assert "replaces" in said.notes[0]
    assert (out / "talk.txt").read_text() == text_of("A")


def test_what_was_recorded_anew_under_the_same_name(talk: Path, out: Path) -> None:
    recording(talk.parent, seconds=2)
    said = transcribe(talk, out, skip_existing=True)
    assert not said.skipped
    assert "of another recording, in1/talk.wav" in said.text


def test_another_of_the_same_length_and_time(tmp_path: Path, talk: Path, out: Path) -> None:
    other = recording(tmp_path / "in2")
    content = bytearray(other.read_bytes())
    content[len(content) // 2] ^= 1
    other.write_bytes(content)
    os.utime(other, ns=(talk.stat().st_atime_ns, talk.stat().st_mtime_ns))
    assert other.stat().st_size == talk.stat().st_size
    assert not transcribe(other, out, skip_existing=True).skipped


def test_what_was_changed_in_place(talk: Path, out: Path) -> None:
    content = bytearray(talk.read_bytes())
    content[-2] ^= 1
    talk.write_bytes(content)
    assert not transcribe(talk, out, skip_existing=True).skipped


def test_what_was_moved_copied_or_touched_is_the_same(
    tmp_path: Path, talk: Path, out: Path
) -> None:
    (tmp_path / "moved").mkdir()
    shutil.copyfile(talk, tmp_path / "moved" / "talk.wav")
    os.utime(tmp_path / "moved" / "talk.wav", (1, 1))
    assert transcribe(tmp_path / "moved" / "talk.wav", out, skip_existing=True).skipped
    assert transcribe(tmp_path / "moved" / "talk.wav", out).notes == []
    talk.rename(talk.with_name("talk.mp4"))
    assert transcribe(talk.with_name("talk.mp4"), out, skip_existing=True).skipped


def test_files_of_another_program_are_skipped_but_not_replaced_silently(
    tmp_path: Path, talk: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "talk.txt").write_text("by hand")
    assert transcribe(talk, tmp_path / "out", skip_existing=True).skipped
    said = transcribe(talk, tmp_path / "out", formats=("txt", "srt"))
    place = tmp_path / "out" / "talk.txt"
    assert said.notes == [f"in1/talk.wav: replaces {place}, nobody knows of which recording"]


def test_one_line_for_all_formats(tmp_path: Path, talk: Path) -> None:
    out = tmp_path / "out"
    transcribe(talk, out, formats=("txt", "srt"))
    other = recording(tmp_path / "in2", seconds=2)
    said = transcribe(other, out, formats=("txt", "srt", "vtt"))
    assert said.notes == [
        f"in2/talk.wav: replaces {out / 'talk.txt'}, {out / 'talk.srt'}, of another recording, "
        "in1/talk.wav"
    ]


def test_no_file_is_added_for_it(out: Path) -> None:
    assert [path.name for path in out.iterdir()] == ["talk.txt"]


def test_where_a_format_is_missing_all_are_written(talk: Path, out: Path) -> None:
    assert not transcribe(talk, out, formats=("txt", "srt"), skip_existing=True).skipped
    assert transcribe(talk, out, formats=("txt", "srt"), skip_existing=True).skipped


def test_a_missing_recording_is_not_done(tmp_path: Path, talk: Path, out: Path) -> None:
    settings = RunSettings(
        inputs=(),
        model_directory=tmp_path,
        decoding=DecodingSettings(),
        output=OutputSettings(directory=out, formats=("txt",)),
    )
    stem = Path("talk")
    assert is_done(Recording(path=talk, label="talk", stem=stem), settings)
    # What standard input holds is not known before it was read.
    assert not is_done(Recording(path=None, label="standard input", stem=stem), settings)
    talk.unlink()
    assert not is_done(Recording(path=talk, label="talk", stem=stem), settings)
