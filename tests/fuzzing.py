"""What became of damaged inputs, as the long forms of the fuzzers print it."""

from __future__ import annotations

import collections
from collections.abc import Sequence


def outcome_table(
    outcomes: collections.Counter[tuple[str, str]], mutations: Sequence[str], width: int
) -> list[str]:
    """Return a line for each mutation, and one for all: how often each outcome came.

    Parameters
    ----------
    outcomes : collections.Counter
        By the names of mutation and outcome.
    mutations : sequence of str
        In the order of the lines.
    width : int
        Of a column; the names have 30.
    """
    columns = sorted({outcome for _, outcome in outcomes})
    lines = [f"{'mutation':30}" + "".join(f"{column:>{width}}" for column in columns)]
    for mutation in (*mutations, "all"):
        counts = [
            sum(
                count
                for (name, outcome), count in outcomes.items()
                if outcome == column and mutation in (name, "all")
            )
            for column in columns
        ]
        lines.append(f"{mutation:30}" + "".join(f"{count:{width}}" for count in counts))
    return lines
