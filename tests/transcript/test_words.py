"""The words of a transcript in the order of their times, and which of them no line may part."""

from __future__ import annotations

from typing import Any

import pytest

from transcriber.transcript.words import ShownWord, units_of, words_of


def segment(*words: tuple[str, float, float], text: str = "") -> Any:
    said = [{"word": word, "start": start, "end": end} for word, start, end in words]
    return {"text": text, "start": 0.0, "end": 4.0, "words": said}


def texts(words: list[ShownWord]) -> list[str]:
    return [word.text for word in words]


def test_words_keep_their_text_and_their_times() -> None:
    found = words_of([segment((" One", 0.0, 0.5), (" two.", 0.6, 1.0)), segment((" Three", 2, 3))])
    assert found == [
        ShownWord(text=" One", start=0.0, end=0.5),
        ShownWord(text=" two.", start=0.6, end=1.0),
        ShownWord(text=" Three", start=2, end=3),
    ]


@pytest.mark.parametrize("words", [[], None])
def test_where_words_have_no_times_they_are_shared_out(words: Any) -> None:
    found = words_of([{"text": " a b  c\nd ", "start": 1.0, "end": 3.0, "words": words}])
    assert [(word.text, word.start, word.end) for word in found] == [
        *((" a", 1.0, 1.5), (" b", 1.5, 2.0), (" c", 2.0, 2.5), (" d", 2.5, 3.0))
    ]
    assert texts(words_of([segment((" two words", 0.0, 1.0))])) == [" two", " words"]


def test_nothing_is_no_word() -> None:
    assert words_of([]) == []
    assert words_of([segment((" ", 0.0, 1.0), ("", 1.0, 1.0)), segment(text="  ")]) == []


def test_blanks_of_whatever_kind_part_words() -> None:
    said = [("one ", 0.0, 1.0), ("two", 1.0, 2.0), (" ", 2.0, 2.1), ("three", 2.1, 3.0)]
    assert texts(words_of([segment(*said)])) == ["one", " two", " three"]


def test_segments_do_not_grow_together() -> None:
    two = [segment(("End.", 0.0, 1.0)), segment(("Begin", 1.0, 2.0), ("ning", 2.0, 2.5))]
    assert texts(words_of(two)) == ["End.", " Begin", "ning"]
    # Where no blanks are written, there is none.
    assert texts(words_of([segment(("終。", 0, 1)), segment(("始", 1, 2))])) == ["終。", "始"]


@pytest.mark.parametrize(
    "times",
    [
        [(0.0, 1.0), (0.5, 1.5), (1.0, 2.0)],
        [(0.0, 9.0), (1.0, 2.0), (2.0, 3.0)],
        [(1.0, 2.0), (0.5, 0.7), (3.0, 2.0)],
        [(0.0, 0.0), (0.0, 0.0), (0.0, 1.0)],
        [(-1.0, -0.5), (0.0, 1.0), (5.0, 4.0)],
    ],
)
def test_times_rise_and_do_not_overlap(times: list[tuple[float, float]]) -> None:
    found = words_of([segment(*((f" {n}", *span) for n, span in enumerate(times)))])
    assert texts(found) == [" 0", " 1", " 2"]
    edges = [edge for word in found for edge in (word.start, word.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 0


@pytest.mark.parametrize(
    ("words", "units"),
    [
        ([" well", "-known", " man"], [" well-known", " man"]),
        ([" don", "'t", " go"], [" don't", " go"]),
        ([" 3", ".", "5", " %"], [" 3.5", " %"]),
        (["日本", "語", "です"], ["日本", "語", "です"]),
        (["日本", "語", "。"], ["日本", "語。"]),
        (["彼は", "「", "はい", "」"], ["彼は", "「はい」"]),
        (["สวัสดี", "ครับ"], ["สวัสดี", "ครับ"]),
        ([" Привет", ",", " мир"], [" Привет,", " мир"]),
        ([" OK", "日本"], [" OK", "日本"]),
    ],
)
def test_what_is_written_as_one_is_one(words: list[str], units: list[str]) -> None:
    given = [ShownWord(text=text, start=n, end=n + 0.5) for n, text in enumerate(words)]
    found = units_of(given)
    assert texts(found) == units
    assert (found[0].start, found[-1].end) == (given[0].start, given[-1].end)
