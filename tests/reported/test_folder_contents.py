"""Recordings in folders were passed over without a line, or refused because of their names."""

from __future__ import annotations

import shutil
from pathlib import Path

import media
import pytest

from transcriber.audio.stream import open_audio
from transcriber.errors import InputError
from transcriber.inputs.recordings import find_recordings
from transcriber.options.command_line import parse
from transcriber.outputs import is_done


def made(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("notes of a meeting\n")
    return folder


def names_of(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of the recordings in a folder, and what is told about it."""
    notes: list[str] = []
    found = find_recordings([str(folder)], notes.append)
    return [str(one.path and one.path.relative_to(folder)) for one in found], notes


@pytest.mark.parametrize("ending", ["mxf", "3g2", "qt", "MTS", "m2ts", "dv", "gsm", "mpe"])
def test_an_ending_of_cameras_and_telephones(tmp_path: Path, ending: str) -> None:
    made(tmp_path, "good.wav", f"clip.{ending}")
    assert names_of(tmp_path) == ([f"clip.{ending}", "good.wav"], [])


@pytest.mark.parametrize(
    "sample", ["sample.wav", "sample.mp3", "sample.m4a", "opus.ogg", "vorbis.ogg"]
)
@pytest.mark.parametrize("name", ["no ending", "REC001.bin", "meeting 12.05"])
def test_a_recording_under_another_name(tmp_path: Path, sample: str, name: str) -> None:
    source = media.samples() / sample
    if not source.exists():
        pytest.skip(f"this ffmpeg makes no {sample}")
    shutil.copy(source, tmp_path / name)
    assert names_of(tmp_path) == ([name], [])
    with open_audio(tmp_path / name, ffmpeg=media.ffmpeg()) as audio:
        assert sum(map(len, audio)) > 0


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (["notes.docx"], "passed over 1 file that is no recording: notes.docx"),
        (["a/b.jpg", "c.pdf"], "passed over 2 files that are no recordings: c.pdf, a/b.jpg"),
        (
            ["1.x", "2.x", "3.x", "4.x", "5.x"],
            "passed over 5 files that are no recordings: 1.x, 2.x, 3.x and 2 more",
        ),
        (["talk.wav.part"], "passed over 1 file that is no recording: talk.wav.part"),
        (["notes.txt"], "passed over 1 file that is no recording: notes.txt"),
    ],
)
def test_what_is_passed_over_is_one_line(tmp_path: Path, others: list[str], told: str) -> None:
    made(tmp_path, "good.wav", *others)
    assert names_of(tmp_path) == (["good.wav"], [f"{tmp_path}: {told}"])


def test_transcripts_and_hidden_files_are_no_news(tmp_path: Path) -> None:
    made(tmp_path, "a.wav", "a.txt", "a.wav.srt", "a.json", ".hidden.x", ".trash/b.x")
    made(tmp_path, "a.transcriber-journal", "a.transcriber-partial.txt")
    assert names_of(tmp_path) == (["a.wav"], [])


def test_a_folder_without_a_recording_tells_what_is_in_it(tmp_path: Path) -> None:
    made(tmp_path, "notes.docx")
    with pytest.raises(InputError, match=r"holds no recording \(1 file .*: notes\.docx\)"):
        names_of(tmp_path)


CLASHES = [
    ["a.mp4", "a.ogg"],
    ["interview.wav", "interview.mp3", "other.wav"],
    ["day 1/a.wav", "day 1/a.WAV", "day 2/a.wav"],
    ["a.b.wav", "a.b.mp3"],
    ["a.wav", "a.mp3", "a.mp3.wav"],
]


@pytest.mark.parametrize("files", CLASHES, ids=str)
def test_recordings_of_the_same_name(tmp_path: Path, files: list[str]) -> None:
    folder = made(tmp_path / "in", *files)
    notes: list[str] = []
    first = find_recordings([str(folder)], notes.append)
    assert len({one.stem for one in first}) == len(first) == len(files)
    assert len(notes) == 1
    assert all(f"{one.stem}.*" in notes[0] for one in first if one.stem.suffix in (".mp4", ".ogg"))
    # The same again, which passes over what is finished and nothing else.
    settings = parse([str(folder), "-o", str(tmp_path / "out"), "-f", "txt", "--skip_existing"])
    assert find_recordings(settings.inputs) == first
    assert not any(is_done(one, settings) for one in first)


def test_a_name_that_clashes_with_nothing_stays(tmp_path: Path) -> None:
    folder = made(tmp_path, "a.mp4", "a.ogg", "b.wav")
    stems = [str(one.stem) for one in find_recordings([str(folder)])]
    assert stems == ["a.mp4", "a.ogg", "b"]
