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
from transcriber.outputs import write_outputs
from transcriber.settings import OUTPUT_FORMATS, OutputSettings

openai_whisper.load()

from whisper.utils import get_writer  # noqa: E402

GOOD: dict[str, Any] = {"start": 0.0, "end": 1.0, "text": " a", "avg_logprob": -0.5}
NEXT: dict[str, Any] = {**GOOD, "start": 1.0, "end": 2.0}
SECONDS = 3.0

# What openai-whisper wrote instead of NEXT, by the name of the difference.
SEGMENTS: dict[str, dict[str, Any]] = {
    "without text": {"text": " "},
    "without length": {"start": 1.0, "end": 1.0},
    "overlapping": {"start": 0.5, "end": 3.0},
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


def test_what_is_the_same_has_no_names(tmp_path: Path, speech: list[Speech]) -> None:
    known: dict[str, tuple[str, ...]] = {}
    assert differences(speech, *write(tmp_path, GOOD, NEXT), exact=False, known=known) == []
    assert known == {}


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_is_told_by_name(tmp_path: Path, speech: list[Speech], name: str) -> None:
    folders = write(tmp_path, GOOD, {**NEXT, **SEGMENTS[name]})
    known: dict[str, tuple[str, ...]] = {}
    assert differences(speech, *folders, exact=False, known=known) == []
    assert set(known.values()) == {(name,)}
    assert set(differences(speech, *folders)) == set(known)


@pytest.mark.parametrize("ending", OUTPUT_FORMATS)
def test_another_difference_is_not(tmp_path: Path, speech: list[Speech], ending: str) -> None:
    ours, theirs = write(tmp_path, GOOD, {**NEXT, "text": " b\n\nc"})
    path = ours / f"talk.{ending}"
    if ending == "json":
        changed = json.loads(path.read_text())
        changed["segments"][0]["text"] = " other"
        path.write_text(json.dumps(changed))
    else:
        path.write_text(path.read_text().replace("a", "other"))
    assert differences(speech, ours, theirs, exact=False) == [path.name]
