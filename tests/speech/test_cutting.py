from __future__ import annotations

import random
from itertools import pairwise

import pytest

from transcriber.speech.cutting import SAMPLES, WINDOW, cut_at_pauses, with_silence
from transcriber.speech.spans import Span


def seconds(*spans: tuple[float, float]) -> list[Span]:
    return [Span(start=int(start * SAMPLES), end=int(end * SAMPLES)) for start, end in spans]


def cut(*spans: tuple[float, float]) -> list[tuple[float, float]]:
    return [(part.start / SAMPLES, part.end / SAMPLES) for part in cut_at_pauses(seconds(*spans))]


def test_nothing_is_cut_where_nobody_speaks() -> None:
    assert cut() == []


def test_what_fits_into_a_window_is_one_part() -> None:
    assert cut((1, 5), (6, 9), (20, 30)) == [(1, 30)]


def test_it_is_cut_at_the_longest_pause_of_the_last_third() -> None:
    assert cut((0, 10), (15, 21), (21.5, 24), (25, 29), (29.2, 50)) == [(0, 24), (25, 50)]


def test_the_latest_of_equal_pauses() -> None:
    assert cut((0, 22), (22.5, 26), (26.5, 40)) == [(0, 26), (26.5, 40)]


def test_an_earlier_pause_where_there_is_none_later() -> None:
    assert cut((0, 8), (9, 35)) == [(0, 8), (9, 35)]


def test_speech_without_a_pause_is_one_part() -> None:
    assert cut((0, 100), (101, 110)) == [(0, 100), (101, 110)]


def test_a_few_words_are_no_part_where_more_fits() -> None:
    assert cut((0, 2), (3, 25), (25.5, 40)) == [(0, 25), (25.5, 40)]


@pytest.mark.parametrize("seed", range(20))
def test_no_speech_is_lost_and_none_is_cut(seed: int) -> None:
    chance = random.Random(seed)
    speech, at = [], 0.0
    for _ in range(chance.randrange(1, 200)):
        begin = at + chance.choice([0.0, 0.3, 1.0, 5.0, 60.0])
        at = begin + chance.uniform(0.1, 12)
        speech.append((begin, at))
    spans = seconds(*speech)
    parts = cut_at_pauses(spans)
    assert all(before.end <= after.start for before, after in pairwise(parts))
    starts, ends = {part.start for part in parts}, {part.end for part in parts}
    assert starts <= {span.start for span in spans}
    assert ends <= {span.end for span in spans}
    for span in spans:
        assert any(part.start <= span.start and span.end <= part.end for part in parts)
    assert all(part.end - part.start <= WINDOW for part in parts)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], [(1, 100)]),
        ([(5, 20)], [(1, 100)]),
        ([(5, 20), (30, 40)], [(1, 25), (25, 100)]),
        ([(1, 20), (20, 40), (60, 100)], [(1, 20), (20, 50), (50, 100)]),
    ],
)
def test_with_the_silence_around_them(
    parts: list[tuple[float, float]], expected: list[tuple[float, float]]
) -> None:
    (whole,) = seconds((1, 100))
    assert with_silence(seconds(*parts), whole) == seconds(*expected)
