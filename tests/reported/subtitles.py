"""Subtitles as a player reads them, and the times of every other format."""

from __future__ import annotations

import json
import re
from pathlib import Path

_TIMES = re.compile(r"(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3}) --> (?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})")

Cue = tuple[float, float, str]
"""Start and end in seconds, and text."""


def read_cues(text: str) -> list[Cue]:
    """Return the subtitles of an SRT or VTT file; an empty line ends each."""
    found = []
    blocks = text.removeprefix("WEBVTT\n").strip("\n").split("\n\n")
    for number, block in enumerate(filter(None, blocks), start=1):
        lines = block.split("\n")
        if not text.startswith("WEBVTT"):
            assert lines.pop(0) == str(number), block
        times = _TIMES.fullmatch(lines[0])
        assert times, block
        start, end = (_seconds(*times.groups()[place : place + 4]) for place in (0, 4))
        found.append((start, end, "\n".join(lines[1:])))
    return found


def read_times(path: Path) -> list[Cue]:
    """Return what a file that the program wrote says when; one of text has no times."""
    text = path.read_text("utf-8")
    if path.suffix in (".srt", ".vtt"):
        return read_cues(text)
    if path.suffix == ".tsv":
        rows = [row.split("\t") for row in text.splitlines()[1:]]
        return [(int(start) / 1000, int(end) / 1000, said) for start, end, said in rows]
    if path.suffix == ".json":
        segments = json.loads(text)["segments"]
        return [(one["start"], one["end"], one["text"]) for one in segments]
    return []


def read_words(path: Path) -> list[Cue]:
    """Return the words of a JSON file."""
    segments = json.loads(path.read_text("utf-8"))["segments"]
    return [(one["start"], one["end"], one["word"]) for each in segments for one in each["words"]]


def check_cues(cues: list[Cue], last: float) -> None:
    """See that each has text and a length, and that none overlaps or outlasts the recording."""
    before = 0.0
    for start, end, text in cues:
        assert text.strip(), (start, end)
        assert before - 1e-6 <= start, (start, end, text)
        assert start + 0.001 <= end + 1e-6, (start, end, text)
        assert end <= last + 1e-6, (start, end, text)
        before = end


def _seconds(hours: str | None, minutes: str, seconds: str, thousandths: str) -> float:
    whole = 3600 * int(hours or 0) + 60 * int(minutes) + int(seconds)
    return whole + int(thousandths) / 1000
