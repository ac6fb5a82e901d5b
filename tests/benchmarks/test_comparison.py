"""Comparing two series of the same rounds."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from benchmarks.measuring.comparison import CONFIDENCE, FEWEST_ROUNDS, compare, spread


def coverage(rounds: int, left_out: int) -> float:
    """Return how often the median lies between sorted samples, of which so many are left out."""
    outside: float = sum(math.comb(rounds, one) for one in range(left_out + 1)) / 2**rounds
    return 1 - 2 * outside


@pytest.mark.parametrize("rounds", range(1, 60))
def test_the_interval_is_no_wider_than_it_must_be(rounds: int) -> None:
    """The next narrower one holds the median less; few rounds have the smallest and the largest."""
    samples = [float(number) for number in range(1, rounds + 1)]
    found = compare(random.Random(0).sample(samples, rounds), [2.0] * rounds)
    assert (found.ratio, found.rounds) == (statistics.median(samples) / 2, rounds)
    left_out = samples.index(2 * found.low)
    assert 2 * found.high == samples[-1 - left_out]
    assert coverage(rounds, left_out + 1) < CONFIDENCE
    assert (coverage(rounds, left_out) >= CONFIDENCE) == (rounds >= FEWEST_ROUNDS)
    assert left_out == 0 or rounds > FEWEST_ROUNDS


def test_samples_are_compared_within_their_round() -> None:
    """A machine that becomes a hundred times slower changes nothing."""
    theirs = [1.0, 100.0, 3.0, 40.0, 5.0, 6.0]
    found = compare([2 * value for value in theirs], theirs)
    assert (found.ratio, found.low, found.high) == (2, 2, 2)


@pytest.mark.parametrize(("ours", "theirs"), [(2, 3), (3, 2), (0, 0)])
def test_two_series_are_of_the_same_rounds(ours: int, theirs: int) -> None:
    with pytest.raises(ValueError, match=r"longer|shorter|nothing was measured"):
        compare([1.0] * ours, [1.0] * theirs)


def test_the_spread_is_that_of_the_quartiles() -> None:
    assert spread([7.0]) == (7, 7, 7)
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == (2, 3, 4)
    assert spread([1.0, 2.0]) == (1.25, 1.5, 1.75)
