"""Plots of what subjects took: by the reference, by the length, and from revision to revision."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure as Plot
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from benchmarks.figures import Figure, Results
from benchmarks.judging.history import Entry, entry_of
from benchmarks.report import drawing, quantities
from benchmarks.report.drawing import Drawing, finished, label, lines_of, styled
from benchmarks.report.measurements import Measurement, in_order

_BAR = 0.27
"""Inches that a bar takes with the space to the next one."""

_LINES = 8
"""More of them are not told apart."""

_REVISIONS = 12
"""More of their names do not fit below a plot."""

_HISTORIES = {
    "Sizes of artefacts": r"size/[^/]+",
    "Sizes of components": r"size/[^/]+/.+",
    "Time of whole runs by that of the reference": r"speed/.+",
    "Time of starts by that of the reference": r"start/.+",
    "Peak memory by that of the reference": r"memory/.+",
    "Time of parts by that of the reference": r"part/.+",
}
"""Of titles to patterns of the figures' names."""


def ratio_plot(
    measured: Sequence[Measurement], ours: Collection[str], title: str
) -> Drawing | None:
    """Return bars of the subjects' ratios to the reference, with their intervals.

    Each measurement has a group of bars; `ours` are brought out.
    """
    groups = {
        one.title: {name: ratio for name in one.subjects if (ratio := one.ratio(name))}
        for one in measured
        if one.ratios
    }
    if not groups:
        return None
    references = {one.reference or "the reference" for one in measured if one.ratios}
    counts = list(map(len, groups.values()))
    with styled():
        plot = Plot(figsize=(drawing.WIDTH, sum(counts) * _BAR + len(counts) * 0.42 + 0.35))
        axes = plot.subplots(len(counts), sharex=True, squeeze=False, height_ratios=counts)[:, 0]
        for axis, (name, group) in zip(axes, groups.items(), strict=True):
            colours = dict.fromkeys(group, drawing.OTHERS)
            colours |= {one: drawing.REFERENCE for one in group if one in references}
            colours |= {one: drawing.OURS for one in group if one in ours}
            _bars(axis, group, list(colours.values()))
            axis.set_title(label(name, 70))
        by = references.pop() if len(references) == 1 else "the reference"
        axes[-1].set_xlabel(f"by {by}; less is better")
        return finished(plot, title, f"The ratios by {by}, which a table has, too.")


def _bars(axis: Any, group: Mapping[str, Figure], colours: Sequence[str]) -> None:
    axis.barh(range(len(group)), [one.value for one in group.values()], color=colours, height=0.68)
    for place, ratio in enumerate(group.values()):
        if ratio.low is not None and ratio.high is not None and ratio.rounds > 1:
            axis.plot([ratio.low, ratio.high], [place, place], color="black", marker="|")
        text = quantities.quantity(ratio.value, "ratio")
        axis.text(1.015, place, text, transform=axis.get_yaxis_transform(), va="center")
    axis.axvline(1, color="black", linewidth=1, linestyle=":")
    axis.set_yticks(range(len(group)), map(label, group))
    axis.set_ylim(len(group) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False, axis="y")


def cost_plot(group: Sequence[Measurement], ours: Collection[str], title: str) -> Drawing | None:
    """Return lines of the subjects' time over the length of the recording, both logarithmic.

    The `group` has measurements of one configuration, the shortest recording first.
    """
    # Many recordings are not one that is longer.
    single = [one for one in group if one.audio_seconds and not one.is_of_many]
    lengths = sorted({one.audio_seconds for one in single})
    if len(lengths) < 2:
        return None
    points = {
        subject: [(one.audio_seconds, median) for one in single if (median := one.median(subject))]
        for subject in in_order(one.subjects for one in single)
    }
    points = {subject: line for subject, line in points.items() if line}
    with styled():
        plot = Plot(figsize=(drawing.WIDTH, 3.9 + 0.11 * len(points)))
        axis = plot.subplots()
        for subject, look in lines_of(points).items():
            width = 2.6 if subject in ours else 1.4
            axis.plot(
                *zip(*points[subject], strict=True), linewidth=width, label=label(subject), **look
            )
        axis.plot(lengths, lengths, color="black", linestyle=":", label="real time")
        axis.set(xscale="log", yscale="log", xlabel="length of the recording")
        axis.set_ylabel("median time of a whole run")
        axis.set_xticks(lengths, map(quantities.length, lengths))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} s"))
        axis.yaxis.set_minor_formatter(NullFormatter())
        plot.legend(loc="outside lower center", ncols=3)
        return finished(plot, title, "The medians, which a table has, too.")


def history_plots(
    results: Results, history: Sequence[Entry], held: Collection[str]
) -> list[Drawing]:
    """Return a plot for each kind of figure with those that changed most, none without two runs.

    The last point is this run, in the place of what the history has of it; the first the oldest.
    Ratios are of runs on the same processor, sizes of all. Shown are figures that are `held` by
    budgets.
    """
    now = entry_of(results)
    runs = [*(one for one in history if one.revision != now.revision), now]
    drawings = []
    for title, pattern in _HISTORIES.items():
        same = [one for one in runs if one.processor == now.processor]
        entries = runs if pattern.startswith("size") else same
        lines: dict[str, list[tuple[int, float]]] = {}
        for name in held:
            values = [
                (n, value) for n, one in enumerate(entries) if (value := one.figures.get(name))
            ]
            if re.fullmatch(pattern, name) and len(values) > 1:
                lines[name] = [(place, value / values[0][1]) for place, value in values]
        shown = sorted(lines, key=lambda name: -abs(math.log(lines[name][-1][1])))[:_LINES]
        more = f", the {_LINES} that changed most" if len(lines) > _LINES else ""
        if lines:
            revisions = [entry.revision for entry in entries]
            chosen = {name: lines[name] for name in lines if name in shown}
            drawings.append(_history_plot(revisions, chosen, title + more))
    return drawings


def _history_plot(
    revisions: Sequence[str], lines: Mapping[str, Sequence[tuple[int, float]]], title: str
) -> Drawing:
    """Return lines of figures over revisions, each by its first value."""
    with styled():
        plot = Plot(figsize=(drawing.WIDTH, 3.1 + 0.24 * len(lines)))
        axis = plot.subplots()
        told = []
        for name, look in lines_of(lines).items():
            text = ", ".join(name.split("/")[1:])
            axis.plot(*zip(*lines[name], strict=True), markersize=4, label=label(text, 60), **look)
            told.append(f"{text}: {quantities.quantity(lines[name][-1][1], 'ratio')}")
        axis.axhline(1, color="black", linewidth=1, linestyle=":")
        shown = range(0, len(revisions), -(-len(revisions) // _REVISIONS))
        axis.set_xticks(shown, [revisions[place][:8] for place in shown])
        axis.tick_params(axis="x", rotation=30)
        axis.set_ylabel("by the first value; less is better")
        plot.legend(loc="outside lower center")
        return finished(plot, title, f"The last by the first. {'; '.join(told)}.")
