from __future__ import annotations

import pytest

from transcriber.text_width import is_wide, shortened, text_width, without_marks


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("Größe", 5),
        ("日本語", 6),
        ("ｆｕｌｌ", 8),
        # An accent of its own lies over the letter before it.
        ("e\u0301", 1),
        ("한국", 4),
        # A mark without a class of its own, and what joins two pictures.
        ("हिन्दी", 5),
        ("👩\u200d👧", 4),
    ],
)
def test_columns(text: str, columns: int) -> None:
    assert text_width(text) == columns


def test_wide_characters() -> None:
    assert [is_wide(one) for one in "aä日ｆ—"] == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("text", "columns", "short"),
    [
        ("talk.wav", 8, "talk.wav"),
        ("talk.wav", 7, "tal…wav"),
        ("a very long name.mp3", 11, "a ver…e.mp3"),
        ("日本語日本語.mp3", 9, "日本….mp3"),
        ("abc", 1, "…"),
        ("", 1, ""),
    ],
)
def test_the_ends_of_a_text_are_kept(text: str, columns: int, short: str) -> None:
    assert shortened(text, columns) == short


@pytest.mark.parametrize("text", ["x" * 300, "日" * 99, "a日" * 40, "e\u0301" * 60, "talk.wav"])
def test_it_never_takes_more_room(text: str) -> None:
    for columns in range(1, 60):
        short = shortened(text, columns)
        assert text_width(short) <= columns
        assert columns - text_width(short) <= 2 or short == text


def test_a_text_without_marks() -> None:
    assert without_marks("talk.wav") == "talk.wav"
    assert without_marks("e\u0301te\u0301") == "été"
    assert without_marks("x\u0301\u0302y\u200dz\ufe0f") == "xyz"
