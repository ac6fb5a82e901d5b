from __future__ import annotations

import json
import math
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import disks
import pytest

from transcriber.engine import openai_whisper
from transcriber.errors import StorageError
from transcriber.settings import OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.ownership import Mark, mark_of
from transcriber.transcript.writers import (
    output_paths,
    partial_stem,
    remove_partial,
    render,
    write_outputs,
)

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
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    names = ("highlight_words", "max_line_width", "max_line_count", "max_words_per_line")
    options = {name: value for name, value in asdict(output).items() if name in names}
    assert len(options) == 4
    get_writer("all", str(theirs))(transcript, "audio/talk.2024.mp3", **options)
    paths = write_outputs(transcript, ours / "talk.2024", output)
    assert [path.name for path in paths] == [f"talk.2024.{ending}" for ending in OUTPUT_FORMATS]
    assert {path.name for path in theirs.iterdir()} == {path.name for path in ours.iterdir()}
    for path in paths:
        assert path.read_bytes() == (theirs / path.name).read_bytes()
        # Standard output gets the same.
        text = render(transcript, output, path.suffix[1:])
        assert text.encode() == path.read_bytes()


def test_the_cases_differ() -> None:
    subtitles = {render(transcript, output, "srt") for transcript, output in CASES.values()}
    assert len(subtitles) == len(CASES)


@pytest.mark.parametrize("formats", [("srt",), ("json", "txt"), OUTPUT_FORMATS])
def test_only_what_is_asked_for_is_written(tmp_path: Path, formats: tuple[str, ...]) -> None:
    output = OutputSettings(formats=formats)
    paths = write_outputs(result(words=False), tmp_path / "some" / "talk", output)
    assert paths == output_paths(tmp_path / "some" / "talk", output)
    assert sorted(paths) == sorted((tmp_path / "some").iterdir())


@pytest.mark.parametrize("name", ["talk", "talk.2024", ".hidden", "talk.", "a b", "caf\udce9"])
def test_names_of_files(name: str) -> None:
    output = OutputSettings(formats=("txt", "json"))
    assert output_paths(Path("out", name), output) == (
        Path("out", f"{name}.txt"),
        Path("out", f"{name}.json"),
    )


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    write_outputs(result(words=False), tmp_path / "caf\udce9", OutputSettings(formats=("txt",)))
    assert [os.fsencode(path.name) for path in tmp_path.iterdir()] == [b"caf\xe9.txt"]


@pytest.mark.parametrize("surrogate", ["\ud83d", "\udce9", "\ude00"], ids=ascii)
def test_half_a_character_loses_nothing_else(tmp_path: Path, surrogate: str) -> None:
    transcript = result(words=True)
    segment = transcript["segments"][0]
    segment["text"] = f" before{surrogate}after"
    segment["words"][0]["word"] = f" before{surrogate}after"
    paths = write_outputs(transcript, tmp_path / "talk", OutputSettings())
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert "Größe" in text or path.suffix == ".json"
        if path.suffix != ".json":
            assert "before?after" in text
    # JSON can express it.
    restored = json.loads((tmp_path / "talk.json").read_bytes())
    assert restored == transcript


def test_a_format_that_cannot_be_written_leaves_the_old_files(tmp_path: Path) -> None:
    with disks.small_disk(tmp_path / "disk") as disk:
        output = OutputSettings(formats=("txt", "json"))
        write_outputs(result(words=False), disk / "talk", output)
        old = {path.name: path.read_bytes() for path in disk.iterdir()}
        large = result(words=False)
        # The text has room twice, the tokens in the JSON file have not.
        large["segments"][0]["tokens"] = list(range(500_000))
        with pytest.raises(StorageError, match=r"cannot write .*talk\.json: No space left"):
            write_outputs(large, disk / "talk", output)
        assert {path.name: path.read_bytes() for path in disk.iterdir()} == old


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    output = OutputSettings(formats=("txt",))
    (tmp_path / "talk.txt").write_bytes(b"old\n" * 1000)
    with (tmp_path / "talk.txt").open("rb") as reader:
        write_outputs(result(words=False), tmp_path / "talk", output)
        assert reader.read() == b"old\n" * 1000
    assert b"old" not in (tmp_path / "talk.txt").read_bytes()


def test_what_an_interrupted_run_leaves(tmp_path: Path) -> None:
    assert partial_stem(Path("out", "talk.2024")) == Path("out", "talk.2024.transcriber-partial")
    output = OutputSettings()
    stem = tmp_path / "talk.2024"
    write_outputs(result(words=False), partial_stem(stem), output)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"talk.2024.transcriber-partial.{ending}" for ending in OUTPUT_FORMATS
    }
    whole = write_outputs(result(words=False), stem, output)
    (tmp_path / "talk.2024.transcriber-partial.notes").touch()
    # Whatever formats the run wrote that was interrupted.
    remove_partial(stem)
    assert set(tmp_path.iterdir()) == {*whole, tmp_path / "talk.2024.transcriber-partial.notes"}
    # There may be none.
    remove_partial(stem)


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


def test_the_files_carry_the_mark_of_their_recording(tmp_path: Path) -> None:
    mark = Mark(content="c" * 64, samples="s" * 64, label="talk.wav")
    paths = write_outputs(result(words=True), tmp_path / "talk", OutputSettings(), mark=mark)
    assert [mark_of(path) for path in paths] == [mark] * len(OUTPUT_FORMATS)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    write_outputs(result(words=True), tmp_path / "other", OutputSettings())
    assert mark_of(tmp_path / "other.txt") is None
