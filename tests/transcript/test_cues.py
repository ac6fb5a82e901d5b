from __future__ import annotations

import math
import random
from typing import Any

import pytest

from transcriber.engine.interface import Transcript, Word
from transcriber.transcript.cues import LEAST, Span, apart, tidied, tidied_result


def segment(start: float, end: float, text: str = " a", **more: Any) -> Any:
    return {"start": start, "end": end, "text": text, **more}


def word(start: float, end: float, text: str = " a") -> Word:
    return {"word": text, "start": start, "end": end, "probability": 0.5}


def check(spans: list[Span], *, first: float, last: float, least: float) -> None:
    """See that spans have a length, do not overlap, and lie between two times."""
    previous = first
    for start, end in spans:
        assert start >= previous - 1e-5
        assert end - start >= least - 1e-5
        previous = end
    assert previous <= last + 1e-5


@pytest.mark.parametrize("seed", range(20))
def test_rounding_leads_to_no_time_before_the_first_or_behind_the_last(seed: int) -> None:
    # A time below nothing, however little, cannot be written.
    generator = random.Random(seed)
    for _ in range(500):
        last = round(0.01 + generator.random() * 0.8, 2)
        starts = (0.0, last, generator.random() * last, -5e-7, math.nan)
        spans = [
            (start, start + generator.choice((0, 0.02, 1)))
            for start in generator.choices(starts, k=generator.randint(1, 40))
        ]
        found = apart(spans, last=last)
        assert all(0 <= start <= end <= last for start, end in found), spans


@pytest.mark.parametrize(
    "spans",
    [
        [],
        [(0, 1)],
        [(0.0, 2.0), (2.0, 4.5), (7.0, 30.0)],
        [(0.08, 0.1), (0.1, 0.12), (0.12, 0.14)],
        # Sums that are rounded in two ways.
        [(28.0, 29.840000000000003), (29.84, 30.0)],
        [(0.0, 3.37)],
    ],
)
def test_what_can_be_shown_comes_back_to_the_bit(spans: list[Span]) -> None:
    found = apart(spans, last=math.inf)
    assert found == spans
    assert [tuple(map(type, span)) for span in found] == [tuple(map(type, one)) for one in spans]
    assert apart(spans, last=30.0) == spans


@pytest.mark.parametrize(
    ("spans", "last", "expected"),
    [
        ([(6.98, 6.98)], math.inf, [(6.98, 7.0)]),
        ([(1.0, 1.0), (1.0, 1.5)], math.inf, [(1.0, 1.02), (1.02, 1.5)]),
        ([(1.0, 1.0)] * 3, math.inf, [(1.0, 1.02), (1.02, 1.04), (1.04, 1.06)]),
        ([(0.0, 5.0), (4.8, 8.0)], math.inf, [(0.0, 4.8), (4.8, 8.0)]),
        ([(2.0, 4.0), (1.9, 3.0)], math.inf, [(2.0, 2.02), (2.02, 3.0)]),
        ([(1.0, 0.5)], math.inf, [(1.0, 1.02)]),
        ([(0.0, 30.0)], 3.37, [(0.0, 3.37)]),
        ([(3.0, 3.37), (3.37, 3.37)], 3.37, [(3.0, 3.35), (3.35, 3.37)]),
        ([(3.0, 4.0), (5.0, 6.0)], 3.37, [(3.0, 3.35), (3.35, 3.37)]),
        ([(-1.0, 0.5)], math.inf, [(0.0, 0.5)]),
        ([(math.nan, math.nan), (1.0, 2.0)], math.inf, [(0.0, 0.02), (1.0, 2.0)]),
        # There is no room for what is usual.
        ([(0.0, 0.0)] * 4, 0.04, [(0.0, 0.01), (0.01, 0.02), (0.02, 0.03), (0.03, 0.04)]),
    ],
)
def test_what_cannot_be_shown(spans: list[Span], last: float, expected: list[Span]) -> None:
    found = apart(spans, last=last)
    assert found == [pytest.approx(span) for span in expected]


def test_nothing_begins_before_what_was_shown() -> None:
    assert apart([(1.0, 3.0), (3.0, 4.0)], first=2.0) == [(2.0, 3.0), (3.0, 4.0)]
    assert apart([(1.0, 1.5)], first=2.0) == [pytest.approx((2.0, 2.02))]


def test_any_spans_become_ones_that_can_be_shown() -> None:
    generator = random.Random(4)
    for _ in range(2000):
        spans = []
        time = 0.0
        for _ in range(generator.randrange(1, 20)):
            time = round(time + generator.choice([-0.5, 0.0, 0.0, 0.02, 0.3, 2.0]), 2)
            spans.append((time, round(time + generator.choice([-0.2, 0.0, 0.02, 0.5, 9.0]), 2)))
        last = generator.choice([math.inf, 0.1, 1.0, 3.37, 10.0])
        least = min(LEAST, last / len(spans))
        found = apart(spans, last=last)
        assert len(found) == len(spans)
        check(found, first=0.0, last=last, least=least)
        assert apart(found, last=last) == found


@pytest.mark.parametrize("text", ["", " ", "\n", "\x00\x01", "\u2028"], ids=ascii)
def test_what_says_nothing_is_left_out(text: str) -> None:
    kept = tidied([segment(0.0, 1.0, id=0), segment(1.0, 2.0, text, id=1), segment(2.0, 3.0, id=2)])
    assert [(one["id"], one["start"]) for one in kept] == [(0, 0.0), (1, 2.0)]


def test_a_word_that_says_nothing_is_left_out() -> None:
    (kept,) = tidied([segment(0.0, 1.0, words=[word(0.0, 0.4), word(0.4, 0.6, " "), word(0.6, 1)])])
    assert [one["start"] for one in kept["words"]] == [0.0, 0.6]


def test_what_begins_behind_the_end_is_left_out() -> None:
    kept = tidied([segment(0.0, 9.0, " said"), segment(9.0, 12.0, " invented")], last=3.37)
    assert [(one["text"], one["start"], one["end"]) for one in kept] == [(" said", 0.0, 3.37)]
    assert tidied([segment(3.37, 4.0)], last=3.37) == []


def test_words_stay_within_the_recording_and_in_order() -> None:
    words = [[word(0.0, 0.5), word(0.5, 0.5), word(0.5, 0.5)], [word(0.4, 2.0), word(2.0, 5.0)]]
    segments = [segment(0.0, 0.5, words=words[0]), segment(0.4, 5.0, words=words[1])]
    kept = tidied(segments, last=1.0)
    spans = [(one["start"], one["end"]) for each in kept for one in each["words"]]
    check(spans, first=0.0, last=1.0, least=LEAST)
    assert [len(one["words"]) for one in kept] == [3, 2]
    check([(one["start"], one["end"]) for one in kept], first=0.0, last=1.0, least=LEAST)


def test_what_is_given_is_not_changed() -> None:
    given = [segment(1.0, 1.0, id=7, words=[word(1.0, 1.0)])]
    tidied(given)
    assert given == [segment(1.0, 1.0, id=7, words=[word(1.0, 1.0)])]


def test_clips_in_another_order_are_told_in_that_of_time() -> None:
    segments = [segment(10.0, 12.0, " b", seek=1000, id=0), segment(0.0, 2.0, " a", seek=0, id=1)]
    result = tidied_result({"text": " b a", "segments": segments, "language": "en"})
    assert [one["text"] for one in result["segments"]] == [" a", " b"]
    assert [one["id"] for one in result["segments"]] == [0, 1]
    assert [one["start"] for one in result["segments"]] == [0.0, 10.0]
    assert result["text"] == " a b"


def test_the_text_is_that_of_what_is_left() -> None:
    segments = [segment(0.0, 1.0, " a"), segment(5.0, 6.0, " b")]
    given: Transcript = {"text": " a b", "segments": segments, "language": "en"}
    assert tidied_result(given, last=2.0)["text"] == " a"
    # A character that was cut in half between segments is whole here.
    assert tidied_result({**given, "text": "whole"})["text"] == "whole"
    assert list(tidied_result(given)) == list(given)
