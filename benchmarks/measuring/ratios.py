"""Turn the samples of rounds into figures: each subject's ratio to the reference."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Figure, Series
from benchmarks.measuring.comparison import compare


def ratio_figures(series: Sequence[Series], reference: str) -> list[Figure]:
    """Return the ratio of every other subject to `reference`.

    Parameters
    ----------
    series : sequence of Series
        Of one measurement, all of the same rounds.
    reference : str
        The name of the subject that the others are compared with.
    """
    (base,) = (one.samples for one in series if one.subject == reference)
    figures = []
    for one in series:
        if one.subject != reference:
            comparison = compare(one.samples, base)
            figures.append(
                Figure(
                    name=f"{one.measurement}/{one.subject}",
                    value=comparison.ratio,
                    unit="ratio",
                    low=comparison.low,
                    high=comparison.high,
                    rounds=comparison.rounds,
                )
            )
    return figures
