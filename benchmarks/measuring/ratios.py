"""Turn the samples of rounds into figures: each subject's ratio to the reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.figures import Figure, Series
from benchmarks.measuring.comparison import compare


def ratio_figures(series: Sequence[Series], reference: str) -> list[Figure]:
    """Return the ratio of every other subject of a measurement to `reference`, round by round."""
    (base,) = (one.samples for one in series if one.subject == reference)
    compared = {one: compare(one.samples, base) for one in series if one.subject != reference}
    return [
        Figure(
            name=f"{one.measurement}/{one.subject}",
            value=found.ratio,
            unit="ratio",
            low=found.low,
            high=found.high,
            rounds=found.rounds,
        )
        for one, found in compared.items()
    ]


def all_ratios(groups: Iterable[Sequence[Series]], reference: str) -> list[Figure]:
    """Return the ratios of all measurements in which the reference was measured, too."""
    return [
        figure
        for group in groups
        if any(one.subject == reference for one in group)
        for figure in ratio_figures(group, reference)
    ]
