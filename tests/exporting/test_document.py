"""A transcript as all formats take it."""

from __future__ import annotations

import math

import pytest

from exporting.samples import HOSTILE, said
from transcriber.exporting.document import clean, document_of, is_right_to_left
from transcriber.settings import OutputSettings


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_is_clean_is_one_line_that_utf_8_takes(text: str) -> None:
    found = clean(text)
    assert found.encode("utf-8").decode("utf-8") == found
    assert len(found.splitlines()) == 1
    assert "\t" not in found
    assert clean(found) == found


def test_what_is_clean_already_stays() -> None:
    for text in (" Größe, 語 und 😀.", "\u05e9\u05dc\u05d5\u05dd \u200f", "a\u00a0b"):
        assert clean(text) == text
    assert clean("a\ud83db") == "a\ufffdb"


@pytest.mark.parametrize(
    ("code", "language", "expected"),
    [("de", None, "de"), ("de", "en", "en"), ("jw", None, "jv"), ("", None, "und")],
)
def test_the_language(code: str, language: str | None, expected: str) -> None:
    transcript = said(" Hi.")
    transcript["language"] = code
    output = OutputSettings()
    found = document_of(transcript, title="a", last=math.inf, output=output, language=language)
    assert found.language == expected


def test_the_length_is_the_recordings_where_it_is_known() -> None:
    for last, seconds in ((60.0, 60.0), (math.inf, 2.0)):
        found = document_of(
            said(" One.", " Two."), title="a", last=last, output=OutputSettings(), language=None
        )
        assert found.seconds == seconds


def test_who_speaks() -> None:
    transcript = said(" One.", " Two.", " Three.")
    transcript["segments"][0]["speaker"] = " Ann\n"
    transcript["segments"][1]["speaker"] = None
    found = document_of(
        transcript, title="a", last=math.inf, output=OutputSettings(), language=None
    )
    assert [one.speaker for one in found.passages] == ["Ann", "", ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("123, 4.", False),
        ("abc \u05e9", False),
        ("\u05e9\u05dc\u05d5\u05dd abc", True),
        ("1. \u0633\u0644\u0627\u0645", True),
    ],
)
def test_the_first_letter_gives_the_direction(text: str, expected: bool) -> None:
    assert is_right_to_left(text) is expected
