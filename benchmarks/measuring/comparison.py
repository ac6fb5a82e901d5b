"""Compare two things that were measured in the same rounds.

The machines that run benchmarks are noisy and differ, so that a time means nothing by itself. What
is compared is measured in turns: a round has one sample of each, taken one after the other, and
its ratio is that of two samples that the same machine gave in the same state.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95

FEWEST_ROUNDS = 6
"""The least number of samples whose smallest and largest enclose the median with `CONFIDENCE`:
all six are on one side of it with a probability of 2 / 2**6, five with 2 / 2**5."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How many times as much one thing takes as another: the median of the rounds' ratios.

    The interval from `low` to `high` holds the true median with `CONFIDENCE`. With fewer rounds
    than `FEWEST_ROUNDS`, it is from the smallest to the largest ratio, which hold it less often.
    """

    ratio: float
    low: float
    high: float
    rounds: int


def compare(samples: Sequence[float], reference: Sequence[float]) -> Comparison:
    """Compare two series of positive numbers, one for each of the same rounds.

    The interval is the one of order statistics, which assumes nothing of how the ratios are
    distributed: the number of ratios below the median is binomial with probability 1/2.

    Raises
    ------
    ValueError
        When there are no samples, or not as many of one as of the other.
    """
    ratios = sorted(one / other for one, other in zip(samples, reference, strict=True))
    if not ratios:
        raise ValueError("nothing was measured")
    rank = _rank(len(ratios))
    return Comparison(
        ratio=statistics.median(ratios),
        low=ratios[rank],
        high=ratios[-1 - rank],
        rounds=len(ratios),
    )


def _rank(count: int) -> int:
    """Return how many of `count` sorted samples may be left out at each end of the interval."""
    below = itertools.accumulate(math.comb(count, one) / 2.0**count for one in range(count // 2))
    return max(0, sum(share <= (1 - CONFIDENCE) / 2 for share in below) - 1)


def spread(samples: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile of samples."""
    if len(samples) == 1:
        return samples[0], samples[0], samples[0]
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return low, middle, high
