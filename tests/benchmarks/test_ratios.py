"""Figures made of rounds."""

from __future__ import annotations

import pytest

from benchmarks.figures import Figure, Series
from benchmarks.measuring.ratios import all_ratios, ratio_figures

OURS, THEIRS = (2.0, 4.0, 6.0, 8.0, 10.0, 14.0), (4.0, 8.0, 12.0, 16.0, 20.0, 20.0)


def of(subject: str, samples: tuple[float, ...], measurement: str = "speed/x") -> Series:
    return Series(measurement=measurement, subject=subject, unit="s", samples=samples)


def test_all_but_the_reference_get_a_ratio_in_their_order() -> None:
    group = [of("b", THEIRS), of("reference", THEIRS), of("a", OURS)]
    assert ratio_figures(group, "reference") == [
        Figure(name="speed/x/b", value=1, unit="ratio", low=1, high=1, rounds=6),
        Figure(name="speed/x/a", value=0.5, unit="ratio", low=0.5, high=0.7, rounds=6),
    ]
    alone = [of("a", OURS, "faults/x")]
    assert all_ratios([alone, group], "reference") == ratio_figures(group, "reference")


def test_the_reference_must_be_there_once_and_have_the_same_rounds() -> None:
    for others in ([], [of("reference", THEIRS)] * 2, [of("reference", THEIRS[:-1])]):
        with pytest.raises(ValueError, match=r"unpack|shorter"):
            ratio_figures([of("native", OURS), *others], "reference")
