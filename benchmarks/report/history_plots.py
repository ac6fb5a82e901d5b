"""Plots of how sizes and ratios changed from revision to revision."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from benchmarks.figures import Results
from benchmarks.judging.history import Entry, entry_of
from benchmarks.report.plots import history_plot

_LINES = 8
"""More of them are not told apart."""

_PLOTS = {
    "Sizes of artefacts": r"size/[^/]+",
    "Sizes of components": r"size/[^/]+/.+",
    "Time of whole runs by that of the reference": r"speed/.+",
    "Time of starts by that of the reference": r"start/.+",
    "Peak memory by that of the reference": r"memory/.+",
    "Time of parts by that of the reference": r"part/.+",
}
"""Of titles to patterns of the figures' names."""


def history_plots(results: Results, history: Sequence[Entry], held: Collection[str]) -> list[str]:
    """Return a plot for each kind of figure with those that changed most, empty without two runs.

    Parameters
    ----------
    results : Results
        What this run found: the last point, unless it is in the history.
    history : sequence of Entry
        Earlier runs. Ratios are of those on the same processor, sizes of all.
    held : collection of str
        Names of the figures with budgets; others are not shown.
    """
    now = entry_of(results)
    runs = {(one.revision, one.processor): one for one in [*history, now]}
    # A stable sort: runs of one date stay in the order in which they were recorded.
    ordered = sorted(runs.values(), key=lambda one: _moment(one.date))
    same = [one for one in ordered if one.processor == now.processor]
    every = list({one.revision: one for one in ordered}.values())
    plots = []
    for number, (title, pattern) in enumerate(_PLOTS.items()):
        names = [name for name in held if re.fullmatch(pattern, name)]
        entries = every if pattern.startswith("size") else same
        shown = sorted(names, key=lambda name: -_change(entries, name))[:_LINES]
        more = f", the {_LINES} that changed most" if len(names) > _LINES else ""
        labels = {name: ", ".join(name.split("/")[1:]) for name in names if name in shown}
        key = f"history-{number}"
        plots.append(history_plot(entries, labels, key=key, title=title + more))
    return plots


def _moment(date: str) -> datetime:
    """Return what a date in ISO 8601 says, and the first moment of all for what is no date.

    As texts, dates of different places would be in the order of their clocks.
    """
    try:
        found = datetime.fromisoformat(date)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _change(history: Sequence[Entry], name: str) -> float:
    values = [value for one in history if (value := one.figures.get(name, 0.0)) > 0]
    return abs(math.log(values[-1] / values[0])) if values else -1.0
