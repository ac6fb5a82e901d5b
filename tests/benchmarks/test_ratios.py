"""Figures made of rounds."""

from __future__ import annotations

import pytest

from benchmarks.figures import Figure, Series
from benchmarks.measuring.ratios import ratio_figures

OURS = (2.0, 4.0, 6.0, 8.0, 10.0, 14.0)
THEIRS = (4.0, 8.0, 12.0, 16.0, 20.0, 20.0)


def of(subject: str, samples: tuple[float, ...], unit: str = "s") -> Series:
    return Series(measurement="speed/short/greedy", subject=subject, unit=unit, samples=samples)


@pytest.mark.parametrize("reference_first", [True, False])
def test_all_but_the_reference_get_a_ratio(reference_first: bool) -> None:
    ours, theirs = of("native", OURS, "MiB"), of("reference", THEIRS, "MiB")
    group = [theirs, ours] if reference_first else [ours, theirs]
    assert ratio_figures(group, "reference") == [
        Figure(
            name="speed/short/greedy/native", value=0.5, unit="ratio", low=0.5, high=0.7, rounds=6
        )
    ]


def test_figures_are_in_the_order_of_the_series() -> None:
    group = [of(name, OURS) for name in ("b", "reference", "c", "a")]
    names = [figure.name.rpartition("/")[2] for figure in ratio_figures(group, "reference")]
    assert names == ["b", "c", "a"]


def test_other_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio_figures([of("native", OURS), of("reference", THEIRS[:-1])], "reference")


def test_the_reference_must_be_there_once() -> None:
    with pytest.raises(ValueError, match="unpack"):
        ratio_figures([of("native", OURS)], "reference")
    with pytest.raises(ValueError, match="unpack"):
        ratio_figures([of("reference", OURS), of("reference", THEIRS)], "reference")
