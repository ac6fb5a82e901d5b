"""Every format that a transcript can have."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from documents import CHECKOUT

from exporting.samples import HOSTILE, said
from transcriber.engine import openai_whisper
from transcriber.exporting.formats import FORMATS, export, exported
from transcriber.settings import EVERY_FORMAT, EXPORT_FORMATS, OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.cues import tidied_result
from transcriber.transcript.writers import render

openai_whisper.load()

TEXTS = tuple(name for name in EXPORT_FORMATS if name != "docx")


def test_the_table_has_every_format_that_may_be_named() -> None:
    assert tuple(FORMATS) == EVERY_FORMAT
    for name, row in FORMATS.items():
        assert row.ending == name
        assert row.media_type.count("/") == 1 or name == "docx"
        assert ("charset=utf-8" in row.media_type) == row.media_type.startswith("text/")
        assert row.help
        assert "\n" not in row.help
    assert len({row.help for row in FORMATS.values()}) == len(FORMATS)


def test_the_documentation_has_the_table() -> None:
    page = (CHECKOUT / "docs" / "formats.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")][1:]
    assert rows == [f"| `{name}` | {row.help} |" for name, row in FORMATS.items()]


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_openai_whispers_formats_stay_theirs(name: str) -> None:
    output = OutputSettings(max_line_width=9, highlight_words=True)
    for transcript in (said(*HOSTILE), said(*HOSTILE, words=True)):
        expected = render(transcript, output, name, last=7.5).encode("utf-8", "replace")
        assert export(transcript, name, title="talk", last=7.5, output=output) == expected


@pytest.mark.parametrize("name", EVERY_FORMAT)
@pytest.mark.parametrize("words", [True, False])
def test_any_text_can_be_written(name: str, words: bool) -> None:
    transcript = said(*HOSTILE, words=words)
    before = repr(transcript)
    output = OutputSettings(highlight_words=words)
    content = export(transcript, name, title="".join(HOSTILE), output=output)
    assert content == export(transcript, name, title="".join(HOSTILE), output=output)
    assert content == exported(
        tidied_result(transcript), name, title="".join(HOSTILE), output=output
    )
    assert repr(transcript) == before
    if name in TEXTS:
        text = content.decode("utf-8", "strict")
        assert (
            "half \ufffd and \ufffd" in text.replace("{\\k33}", "").replace("{\\k34}", "") or words
        )
        assert not set(text) & {*map(chr, range(10)), *map(chr, range(14, 32)), "\x7f", "\x85"}
        assert not set(text) & set("\u2028\ufeff\ufdd0\ufdd1\uffff")


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_nothing_said_is_a_file_nevertheless(name: str) -> None:
    silent = said()
    content = export(silent, name, title="talk")
    assert content == export(said(" ", "\x00"), name, title="talk") or name == "json"
    assert content or name in ("txt", "srt")


@pytest.mark.parametrize("name", EVERY_FORMAT)
def test_nothing_is_said_behind_the_end(name: str) -> None:
    transcript = said(" First.", " Second.", " Third.")
    content = export(transcript, name, title="talk", last=1.5)
    assert content == export(said(" First.", " Second."), name, title="talk", last=1.5)
    assert content != export(transcript, name, title="talk")


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_a_title_that_says_nothing_is_replaced(name: str) -> None:
    untitled = export(said(" Hi."), name, title="Transcript")
    for title in ("", " \n", "\u200b", "\x00"):
        assert export(said(" Hi."), name, title=title) == untitled


def test_a_format_that_is_none() -> None:
    for name in ("all", "doc", "formats", "TXT", ""):
        with pytest.raises(KeyError):
            export(said(" Hi."), name, title="talk")


@pytest.mark.parametrize("name", EXPORT_FORMATS)
def test_what_is_asked_is_not_changed_by_what_others_ask(name: str) -> None:
    output = OutputSettings()
    plain = export(said(" One two.", words=True), name, title="talk", output=output)
    asked = replace(output, highlight_words=True)
    timed = export(said(" One two.", words=True), name, title="talk", output=asked)
    assert (plain != timed) == (name in ("ass", "lrc"))
    # Where no times of words are known there is nothing to ask for.
    plain = export(said(" One two."), name, title="talk", output=output)
    assert export(said(" One two."), name, title="talk", output=asked) == plain


@pytest.mark.parametrize("name", ["html", "docx"])
def test_the_language_is_that_of_the_text(name: str) -> None:
    spoken, translated = said(" Hi."), said(" Hi.")
    translated["language"] = "en"
    english = export(translated, name, title="talk")
    assert export(spoken, name, title="talk") != english
    assert export(spoken, name, title="talk", language="en") == english


@pytest.mark.parametrize("name", ["ass", "lrc"])
def test_an_end_that_is_not_known(name: str) -> None:
    transcript = said(" Hi.")
    assert export(transcript, name, title="a", last=math.inf) == export(
        transcript, name, title="a", last=1.0
    )
