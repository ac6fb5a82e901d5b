"""Comparing two series of the same rounds."""

from __future__ import annotations

import math
import random
import statistics

import pytest

from benchmarks.measuring.comparison import CONFIDENCE, FEWEST_ROUNDS, compare, spread

TRUE_RATIO = 0.8
TRIALS = 2000


def skewed(dice: random.Random) -> float:
    """Return the factor by which a machine is slower now: never below one, sometimes far above.

    The ratio of two of them has the median one, because it is as often above as below.
    """
    return 1 + dice.expovariate(8) + (dice.expovariate(0.5) if dice.random() < 0.1 else 0)


@pytest.mark.parametrize("rounds", range(FEWEST_ROUNDS, 21))
def test_the_interval_holds_the_true_median(rounds: int) -> None:
    dice = random.Random(rounds)
    inside = 0
    for _ in range(TRIALS):
        ours = [TRUE_RATIO * skewed(dice) for _ in range(rounds)]
        theirs = [skewed(dice) for _ in range(rounds)]
        found = compare(ours, theirs)
        assert found.low <= found.ratio <= found.high
        inside += found.low <= TRUE_RATIO <= found.high
    assert inside >= 0.935 * TRIALS


def test_the_interval_is_no_wider_than_it_must_be() -> None:
    """Leaves out as many of both ends as it may: the next narrower one holds the median less."""
    for rounds in range(FEWEST_ROUNDS, 60):
        samples = [float(number) for number in range(1, rounds + 1)]
        found = compare(samples, [1.0] * rounds)
        left_out = samples.index(found.low)
        assert found.high == samples[-1 - left_out]
        assert coverage(rounds, left_out) >= CONFIDENCE
        assert coverage(rounds, left_out + 1) < CONFIDENCE


def coverage(rounds: int, left_out: int) -> float:
    """Return how often the median lies between sorted samples, of which so many are left out."""
    outside: float = sum(math.comb(rounds, one) for one in range(left_out + 1)) / 2**rounds
    return 1 - 2 * outside


def test_the_fewest_rounds_are_the_least_that_reach_the_confidence() -> None:
    assert coverage(FEWEST_ROUNDS, 0) >= CONFIDENCE
    assert coverage(FEWEST_ROUNDS - 1, 0) < CONFIDENCE


@pytest.mark.parametrize("rounds", range(1, FEWEST_ROUNDS + 1))
def test_few_rounds_have_the_smallest_and_the_largest(rounds: int) -> None:
    samples = [float(number) for number in range(1, rounds + 1)]
    random.Random(0).shuffle(samples)
    found = compare(samples, [2.0] * rounds)
    assert (found.low, found.high, found.rounds) == (0.5, rounds / 2, rounds)
    assert found.ratio == statistics.median(samples) / 2


def test_samples_are_compared_within_their_round() -> None:
    """A machine that becomes a hundred times slower changes nothing."""
    theirs = [1.0, 100.0, 3.0, 40.0, 5.0, 6.0]
    found = compare([2 * value for value in theirs], theirs)
    assert (found.ratio, found.low, found.high) == (2, 2, 2)


def test_two_series_are_of_the_same_rounds() -> None:
    with pytest.raises(ValueError, match="longer"):
        compare([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match="shorter"):
        compare([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="nothing was measured"):
        compare([], [])


def test_the_spread_is_that_of_the_quartiles() -> None:
    assert spread([7.0]) == (7, 7, 7)
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == (2, 3, 4)
    assert spread([1.0, 2.0]) == (1.25, 1.5, 1.75)
