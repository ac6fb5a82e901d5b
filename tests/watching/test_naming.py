"""What transcripts of arrivals are called, and which are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from transcriber.inputs.names import ClashError
from transcriber.inputs.recordings import Recording
from transcriber.outputs import output_stem, write_outputs
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings
from transcriber.transcript.ownership import Mark, fingerprint, place_digest
from transcriber.watching.naming import BESIDE, has_transcript, named

SETTINGS = RunSettings(
    inputs=(),
    model_directory=Path(),
    decoding=DecodingSettings(),
    output=OutputSettings(directory=BESIDE, formats=("txt", "srt")),
)


def transcribe(recording: Recording, *, marked: bool = True) -> Path:
    """Write what a run would write; return the text."""
    stem = output_stem(recording, SETTINGS)
    assert stem is not None
    assert recording.path is not None
    mark = Mark(
        content=fingerprint(recording.path),
        samples=fingerprint(recording.path),
        label=recording.label,
        place=place_digest(recording.path),
    )
    empty = {"text": "", "segments": [], "language": "en"}
    return write_outputs(empty, stem, SETTINGS.output, mark=mark if marked else None)[0]  # type: ignore[arg-type]


def test_a_transcript_lies_beside_its_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("in/below/a.wav")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"whole")
    recording = named({path: Path("in")}, SETTINGS)[path]
    assert recording.label == "in/below/a.wav"
    assert transcribe(recording) == tmp_path / "in" / "below" / "a.txt"
    elsewhere = replace(SETTINGS, output=OutputSettings(directory=Path("t")))
    other = named({path: Path("in")}, elsewhere)[path]
    assert output_stem(other, elsewhere) == Path("t/below/a")


def test_one_that_comes_later_and_is_called_alike_gets_another_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a.wav", tmp_path / "a.mp3"
    first.write_bytes(b"first")
    alone = named({first: tmp_path}, SETTINGS)[first]
    assert transcribe(alone) == tmp_path / "a.txt"
    second.write_bytes(b"second")
    both = named({first: tmp_path, second: tmp_path}, SETTINGS)
    # The first keeps the transcript that it has, and the second one has none of its own.
    assert has_transcript(both[first], tmp_path, SETTINGS)
    assert not has_transcript(both[second], tmp_path, SETTINGS)
    assert transcribe(both[second]) == tmp_path / "a.mp3.txt"
    assert has_transcript(both[second], tmp_path, SETTINGS)
    first.write_bytes(b"anew")
    assert not has_transcript(both[first], tmp_path, SETTINGS)


def test_a_transcript_of_nobody_counts_only_under_the_recordings_own_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a.wav", tmp_path / "a.mp3"
    first.write_bytes(b"first")
    second.write_bytes(b"second")
    alone = named({first: tmp_path}, SETTINGS)[first]
    transcribe(alone, marked=False)
    assert has_transcript(alone, tmp_path, SETTINGS)
    both = named({first: tmp_path, second: tmp_path}, SETTINGS)
    assert not has_transcript(both[second], tmp_path, SETTINGS)


@pytest.mark.parametrize("marked", [False, True])
def test_what_people_wrote_themselves_keeps_its_name(tmp_path: Path, *, marked: bool) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"whole")
    text = tmp_path / "talk.txt"
    alone = named({path: tmp_path}, SETTINGS)[path]
    if marked:
        # One of ours, beside which another format is wanted.
        transcribe(alone)
        (tmp_path / "talk.srt").unlink()
    else:
        text.write_text("my own notes")
    recording = named({path: tmp_path}, SETTINGS)[path]
    assert recording.stem.name == ("talk" if marked else "talk.wav")
    assert not has_transcript(recording, tmp_path, SETTINGS)
    transcribe(recording)
    assert (text.read_text() == "my own notes") == (not marked)
    # After another start, too.
    again = named({path: tmp_path}, SETTINGS)[path]
    assert again == recording
    assert has_transcript(again, tmp_path, SETTINGS)


def test_where_both_names_have_files_of_somebody_it_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(b"whole")
    for name in ("talk.txt", "talk.wav.srt"):
        (tmp_path / name).write_text("my own notes")
    refused: list[ClashError] = []
    assert named({path: tmp_path}, SETTINGS, refused.append) == {}
    assert [error.paths for error in refused] == [(path,)]


def test_one_clash_leaves_the_others(tmp_path: Path) -> None:
    talk, text, other = (tmp_path / name for name in ("talk", "talk.txt", "other.wav"))
    for path in (talk, text, other):
        path.write_bytes(b"whole")
    refused: list[ClashError] = []
    recordings = named(dict.fromkeys((talk, text, other), tmp_path), SETTINGS, refused.append)
    assert {path: recording.stem.name for path, recording in recordings.items()} == {
        text: "talk.txt",
        other: "other",
    }
    assert [error.paths for error in refused] == [(talk,)]
