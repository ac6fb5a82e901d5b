from __future__ import annotations

import json
import math
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from transcriber.engine import openai_whisper
from transcriber.settings import OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.writers import render

openai_whisper.load()

from whisper.utils import get_writer  # noqa: E402

SENTENCES = [
    " The quick brown fox, jumps over the lazy dog.",
    " Größe, 語 und 😀\tmit Tabulator, 1 > 0.",
    " Yes.",
    " A long sentence that goes on and on until no line of any subtitle has room for it.",
    " End.",
]


def result(*, words: bool, hours: float = 0) -> Any:
    """Return a transcript with pauses and odd characters."""
    segments = []
    for number, text in enumerate(SENTENCES):
        start = hours * 3600 + 7.3 * number
        segment: dict[str, Any] = {
            "id": number,
            "seek": 0,
            "start": start,
            "end": start + 3.0005,
            "text": text,
            "tokens": [50364, number],
            "temperature": 0.2,
            "avg_logprob": -1 / 3,
            "compression_ratio": 1.1,
            "no_speech_prob": 1e-12,
        }
        if words:
            segment["words"] = [
                {
                    "word": f" {word}",
                    "start": round(start + 0.2 * place, 2),
                    # Some words follow each other at once, others after a pause.
                    "end": round(start + 0.2 * place + (0.2 if place % 3 else 0.15), 2),
                    "probability": 0.1 * place,
                }
                for place, word in enumerate(text.split())
            ]
        segments.append(segment)
    return {"text": "".join(SENTENCES), "segments": segments, "language": "de"}


CASES = {
    "no words": (result(words=False), OutputSettings()),
    "words": (result(words=True), OutputSettings()),
    "highlight": (result(words=True), OutputSettings(highlight_words=True)),
    "width": (result(words=True), OutputSettings(max_line_width=20)),
    "width and count": (
        result(words=True),
        OutputSettings(max_line_width=20, max_line_count=2),
    ),
    "everything": (
        result(words=True),
        OutputSettings(
            max_line_width=16, max_line_count=1, highlight_words=True, max_words_per_line=3
        ),
    ),
    "words per line": (result(words=True), OutputSettings(max_words_per_line=3)),
    "hours": (result(words=True, hours=12.5), OutputSettings(max_words_per_line=5)),
    "nothing": ({"text": "", "segments": [], "language": "en"}, OutputSettings()),
}


@pytest.mark.parametrize("case", CASES)
def test_files_equal_those_of_openai_whisper(tmp_path: Path, case: str) -> None:
    transcript, output = CASES[case]
    names = ("highlight_words", "max_line_width", "max_line_count", "max_words_per_line")
    options = {name: value for name, value in asdict(output).items() if name in names}
    assert len(options) == 4
    get_writer("all", str(tmp_path))(transcript, "audio/talk.2024.mp3", **options)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {
        f"talk.2024.{ending}": render(transcript, output, ending).encode()
        for ending in OUTPUT_FORMATS
    }


def test_the_cases_differ() -> None:
    subtitles = {render(transcript, output, "srt") for transcript, output in CASES.values()}
    assert len(subtitles) == len(CASES)


SUBTITLES = ("srt", "vtt")
ARROW = re.compile(r"(?:\d+:)?\d\d:\d\d[.,]\d{3} --> (?:\d+:)?\d\d:\d\d[.,]\d{3}")


def cues(text: str) -> list[tuple[str, list[str]]]:
    """Return the times and lines of subtitles, read as players do: an empty line ends each."""
    blocks = [block.split("\n") for block in text.removeprefix("WEBVTT\n\n").split("\n\n")]
    assert blocks.pop() == [""]
    found = []
    for number, block in enumerate(blocks, start=1):
        if block[0] == str(number) and not text.startswith("WEBVTT"):
            block = block[1:]  # noqa: PLW2901
        assert ARROW.fullmatch(block[0]), block
        assert len(block) > 1, block
        found.append((block[0], block[1:]))
    return found


def with_text(*texts: str, words: bool) -> Any:
    """Return a transcript with some texts, a second each."""
    segments: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        segment: dict[str, Any] = {"start": float(number), "end": number + 1.0, "text": text}
        if words:
            parts = re.findall(r"\s*\S+\s*$|\s*\S+", text) or [text]
            step = 1 / len(parts)
            segment["words"] = [
                {"word": part, "start": number + n * step, "end": number + (n + 1) * step}
                for n, part in enumerate(parts)
            ]
        segments.append(segment)
    return {"text": "".join(texts), "segments": segments, "language": "en"}


BREAKING = [
    " from --> to",
    " from ---> to",
    " 00:00:01,000 --> 00:00:02,000",
    " a\n\nb",
    " a\r\rb",
    " a\r\n\r\nb",
    " a\x0b\x0cb",
    " a\x85\u2028\u2029b",
    " a\x00b\x1b[31m",
    "\n\n2\n00:00:05,000 --> 00:00:06,000\nnobody said that\n\n",
    " a\n \n\t\nb",
]


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("text", BREAKING, ids=ascii)
@pytest.mark.parametrize(
    "output",
    [
        OutputSettings(),
        OutputSettings(max_words_per_line=1),
        OutputSettings(highlight_words=True),
        OutputSettings(max_line_width=4, max_line_count=2),
        OutputSettings(subtitles="standard"),
        OutputSettings(subtitles="words"),
    ],
    ids=str,
)
def test_no_text_breaks_a_subtitle(text: str, words: bool, output: OutputSettings) -> None:
    for ending in SUBTITLES:
        written = render(with_text(" Before.", text, " After.", words=words), output, ending)
        assert not set(written) & set("\r\x00\x0b\x0c\x1b\x85\u2028\u2029\ufdd0\ufdd1")
        found = cues(written)
        for _, lines in found:
            assert all(line.strip() for line in lines)
            assert "-->" not in "".join(lines)
        said = re.sub("</?u>", "", "".join("".join(lines) for _, lines in found))
        assert "Before" in said
        assert "After" in said


def test_an_arrow_may_be_in_two_words() -> None:
    transcript = with_text(" a -- > b --", words=True)
    transcript["segments"][0]["words"] = [
        {"word": " --", "start": 0.0, "end": 0.5},
        {"word": ">", "start": 0.5, "end": 1.0},
    ]
    for ending in SUBTITLES:
        assert "->" in render(transcript, OutputSettings(), ending)
        assert cues(render(transcript, OutputSettings(), ending))[0][1] == ["->"]


@pytest.mark.parametrize("words", [True, False])
def test_vtt_escapes_what_it_gives_a_meaning(words: bool) -> None:
    transcript = with_text(" <i>R&D</i> &amp; &lt; 1 < 2", words=words)
    (cue,) = cues(render(transcript, OutputSettings(), "vtt"))
    assert cue[1] == ["&lt;i>R&amp;D&lt;/i> &amp;amp; &amp;lt; 1 &lt; 2"]
    (cue,) = cues(render(transcript, OutputSettings(), "srt"))
    assert cue[1] == ["<i>R&D</i> &amp; &lt; 1 < 2"]


def test_what_is_escaped_is_as_long_as_it_looks() -> None:
    transcript = with_text(" a&b c&d e&f g&h", words=True)
    output = OutputSettings(max_line_width=8, max_line_count=1)
    for ending, mark in (("srt", "&"), ("vtt", "&amp;")):
        lines = [line for _, lines in cues(render(transcript, output, ending)) for line in lines]
        assert lines == [f"a{mark}b c{mark}d", f"e{mark}f g{mark}h"]


def test_the_tags_of_the_writer_are_not_escaped() -> None:
    transcript = with_text(" <b> & c", words=True)
    output = OutputSettings(highlight_words=True)
    assert [lines for _, lines in cues(render(transcript, output, "vtt"))] == [
        ["<u>&lt;b></u> &amp; c"],
        ["&lt;b> <u>&amp;</u> c"],
        ["&lt;b> &amp; <u>c</u>"],
    ]


@pytest.mark.parametrize("text", [*BREAKING, " a\tb", "\ta", " a\t\nb\t"], ids=ascii)
def test_a_row_stays_a_row(text: str) -> None:
    written = render(with_text(" Before.", text, " After.", words=False), OutputSettings(), "tsv")
    rows = written.splitlines()
    assert len(rows) == 4
    assert [row.count("\t") for row in rows] == [2] * 4
    assert rows[0] == "start\tend\ttext"
    assert rows[1:4:2] == ["0\t1000\tBefore.", "2000\t3000\tAfter."]
    assert rows[2].startswith("1000\t2000\t")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_is_strict(value: float) -> None:
    transcript = result(words=True)
    transcript["segments"][1]["avg_logprob"] = value
    transcript["segments"][2]["words"][0]["probability"] = value

    def refuse(name: str) -> None:
        raise AssertionError(name)

    restored = json.loads(render(transcript, OutputSettings(), "json"), parse_constant=refuse)
    assert restored["segments"][1]["avg_logprob"] is None
    assert restored["segments"][2]["words"][0]["probability"] is None
    assert restored["segments"][0] == transcript["segments"][0]


@pytest.mark.parametrize("ending", OUTPUT_FORMATS)
@pytest.mark.parametrize("text", ["", " ", "\n", "\x00", "\ufeff"], ids=ascii)
def test_what_says_nothing_is_not_written(ending: str, text: str) -> None:
    silent = with_text(" Before.", text, " After.", words=False)
    spoken = with_text(" Before.", " After.", words=False)
    spoken["segments"][1] |= {"start": 2.0, "end": 3.0}
    spoken["text"] = silent["text"]
    assert render(silent, OutputSettings(), ending) == render(spoken, OutputSettings(), ending)


def test_a_segment_whose_words_were_not_found_is_shown() -> None:
    transcript = with_text(" Some words.", " No times.", words=True)
    transcript["segments"][1]["words"] = []
    for ending in SUBTITLES:
        assert [lines for _, lines in cues(render(transcript, OutputSettings(), ending))] == [
            ["Some words."],
            ["No times."],
        ]


@pytest.mark.parametrize("ending", OUTPUT_FORMATS)
def test_nothing_ends_behind_the_recording(ending: str) -> None:
    transcript = with_text(" Before.", " Cut off.", " Invented.", words=False)
    output = OutputSettings()
    written = render(transcript, output, ending, last=1.37)
    assert "Invented" not in written
    assert "Cut off" in written
    latest = {"srt": "00:00:01,370", "vtt": "00:01.370", "tsv": "\t1370\t", "json": "1.37"}
    assert latest.get(ending, "") in written
