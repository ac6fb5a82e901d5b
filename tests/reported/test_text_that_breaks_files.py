"""What is said cannot break a subtitle, a row or JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reported.subtitles import read_cues
from transcriber.engine import openai_whisper
from transcriber.settings import OutputSettings
from transcriber.transcript.writers import render

openai_whisper.load()

REPORTED: Any = {
    "text": "x",
    "language": "en",
    "segments": [
        {
            "id": 0,
            "start": 0,
            "end": 2,
            "text": " from --> to\n\n<i>R&D\r\n",
            "words": [
                {"word": " from", "start": 0, "end": 0.5},
                {"word": " -->", "start": 0.5, "end": 1},
                {"word": " to\n\n<i>R&D\r\n", "start": 1, "end": 2},
            ],
        }
    ],
}


def spoken(text: str) -> Any:
    """Return a transcript of one segment, without words."""
    return {
        "text": text,
        "language": "en",
        "segments": [{"id": 0, "start": 0.0, "end": 2.0, "text": text}],
    }


@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ("srt", "1\n00:00:00,000 --> 00:00:02,000\nfrom -> to <i>R&D \n\n"),
        ("vtt", "WEBVTT\n\n00:00.000 --> 00:02.000\nfrom -> to &lt;i>R&amp;D \n\n"),
        ("tsv", "start\tend\ttext\n0\t2000\tfrom --> to <i>R&D\n"),
    ],
)
def test_what_was_reported(ending: str, expected: str) -> None:
    assert render(REPORTED, OutputSettings(), ending) == expected


@pytest.mark.parametrize(
    ("text", "srt", "vtt"),
    [
        (" a --> b", "a -> b", "a -> b"),
        (" a ----> b", "a -> b", "a -> b"),
        (" AT&T", "AT&T", "AT&amp;T"),
        (" 1 < 2 > 0", "1 < 2 > 0", "1 &lt; 2 > 0"),
        (" <v Roger>Hi</v>", "<v Roger>Hi</v>", "&lt;v Roger>Hi&lt;/v>"),
        (" a\n\nb", "a b", "a b"),
        (" a\rb", "a b", "a b"),
        (" a\x00b\x07", "ab", "ab"),
        (" a\u2028b\x85c", "a b c", "a b c"),
        ("\n\n7\n00:00:01,000 --> 00:00:09,000\nb", *["7 00:00:01,000 -> 00:00:09,000 b"] * 2),
    ],
    ids=ascii,
)
def test_one_cue_stays_one_cue(text: str, srt: str, vtt: str) -> None:
    for ending, expected in (("srt", srt), ("vtt", vtt)):
        written = render(spoken(text), OutputSettings(), ending)
        assert [cue for *_, cue in read_cues(written)] == [expected]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (" a\tb", "a b"),
        (" a\nb", "a b"),
        (" a\r\n\r\nb\t", "a b"),
        (" a\x0bb\u2029c\x85d", "a b c d"),
        ("\n a", "a"),
    ],
    ids=ascii,
)
def test_one_row_stays_one_row(text: str, row: str) -> None:
    written = render(spoken(text), OutputSettings(), "tsv")
    assert written == f"start\tend\ttext\n0\t2000\t{row}\n"
    assert len(written.splitlines()) == 2


@pytest.mark.parametrize("name", ["avg_logprob", "compression_ratio", "no_speech_prob"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_json_has_no_number_that_is_none(name: str, value: float) -> None:
    transcript = spoken(" a")
    transcript["segments"][0][name] = value
    written = render(transcript, OutputSettings(), "json")
    assert not {"NaN", "Infinity", "-Infinity"} & set(written.replace(",", " ").split())
    assert json.loads(written)["segments"][0] == {
        **{"id": 0, "start": 0.0, "end": 2.0, "text": " a"},
        name: None,
    }
