"""What transcripts of arrivals are called, and which are there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

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
    recording = named({path: Path("in")}, BESIDE)[path]
    assert recording.label == "in/below/a.wav"
    assert transcribe(recording) == tmp_path / "in" / "below" / "a.txt"
    other = named({path: Path("in")}, Path("texts"))[path]
    assert output_stem(
        other, replace(SETTINGS, output=OutputSettings(directory=Path("t")))
    ) == Path("t/below/a")


def test_one_that_comes_later_and_is_called_alike_gets_another_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a.wav", tmp_path / "a.mp3"
    first.write_bytes(b"first")
    alone = named({first: tmp_path}, BESIDE)[first]
    assert transcribe(alone) == tmp_path / "a.txt"
    second.write_bytes(b"second")
    both = named({first: tmp_path, second: tmp_path}, BESIDE)
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
    alone = named({first: tmp_path}, BESIDE)[first]
    transcribe(alone, marked=False)
    assert has_transcript(alone, tmp_path, SETTINGS)
    both = named({first: tmp_path, second: tmp_path}, BESIDE)
    assert not has_transcript(both[second], tmp_path, SETTINGS)
