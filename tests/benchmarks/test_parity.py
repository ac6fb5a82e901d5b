"""Which differences from openai-whisper's files are known, and by what name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import media
import pytest

from benchmarks.manifest import Speech
from benchmarks.parity import KNOWN, differences
from transcriber.engine import openai_whisper
from transcriber.settings import OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.writers import write_outputs

openai_whisper.load()

from whisper.utils import get_writer  # noqa: E402

GOOD: dict[str, Any] = {"start": 0.0, "end": 1.0, "text": " a", "avg_logprob": -0.5}
SECONDS = 3.0

# What openai-whisper wrote: the differences from GOOD, by their names.
SEGMENTS: dict[str, dict[str, Any]] = {
    "without text": {"text": " "},
    "without length": {"start": 1.0, "end": 1.0},
    "behind the end": {"start": 2.0, "end": 3.5},
    "break of a line": {"text": " a\n\nb"},
    "mark of a subtitle": {"text": " a --> b & c < d"},
    "no number": {"avg_logprob": float("nan")},
}


@pytest.fixture
def speech(tmp_path: Path) -> list[Speech]:
    path = media.write_wav(tmp_path / "talk.wav", seconds=SECONDS)
    return [Speech(path=path, language="en", transcript="a")]


def write(tmp_path: Path, *segments: dict[str, Any]) -> tuple[Path, Path]:
    """Let both programs write a transcript; return the folder of ours, and that of theirs."""
    numbered = [{"id": number, **one} for number, one in enumerate(segments)]
    text = "".join(one["text"] for one in segments)
    given: Any = {"text": text, "segments": numbered, "language": "en"}
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    theirs.mkdir()
    get_writer("all", str(theirs))(given, "talk.wav", {})
    write_outputs(given, ours / "talk", OutputSettings(), last=SECONDS)
    return ours, theirs


def test_every_name_is_tried() -> None:
    assert set(KNOWN) == {*SEGMENTS, "overlapping"}


def test_what_is_the_same_has_no_names(tmp_path: Path, speech: list[Speech]) -> None:
    ours, theirs = write(tmp_path, GOOD)
    known: dict[str, tuple[str, ...]] = {}
    assert differences(speech, ours, theirs, exact=False, known=known) == []
    assert known == {}


@pytest.mark.parametrize("name", SEGMENTS)
def test_what_is_known_is_told_by_name(tmp_path: Path, speech: list[Speech], name: str) -> None:
    ours, theirs = write(tmp_path, GOOD, {**GOOD, "start": 1.0, "end": 2.0, **SEGMENTS[name]})
    known: dict[str, tuple[str, ...]] = {}
    assert differences(speech, ours, theirs, exact=False, known=known) == []
    assert known
    assert set(known.values()) == {(name,)}
    assert set(differences(speech, ours, theirs)) == set(known)


def test_what_overlaps_is_known(tmp_path: Path, speech: list[Speech]) -> None:
    ours, theirs = write(tmp_path, {**GOOD, "end": 2.0}, {**GOOD, "start": 1.5, "end": 3.0})
    known: dict[str, tuple[str, ...]] = {}
    assert differences(speech, ours, theirs, exact=False, known=known) == []
    assert set(known) == {"talk.srt", "talk.vtt", "talk.tsv", "talk.json"}
    assert set(known.values()) == {("overlapping",)}


@pytest.mark.parametrize("ending", OUTPUT_FORMATS)
def test_another_difference_is_not(tmp_path: Path, speech: list[Speech], ending: str) -> None:
    ours, theirs = write(tmp_path, GOOD, {**GOOD, "start": 1.0, "end": 2.0, "text": " b\n\nc"})
    path = ours / f"talk.{ending}"
    if ending == "json":
        changed = json.loads(path.read_text())
        changed["segments"][0]["text"] = " other"
        path.write_text(json.dumps(changed))
    else:
        path.write_text(path.read_text().replace("a", "other"))
    assert differences(speech, ours, theirs, exact=False) == [path.name]
