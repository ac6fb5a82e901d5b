"""Plots of what subjects took, and of how that changed from revision to revision.

Each is the text of an ``<svg>`` element, and the same for the same results; an empty text stands
for a plot that would show nothing.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from benchmarks.judging.history import Entry
from benchmarks.report import quantities
from benchmarks.report.compared_tables import title_of_length
from benchmarks.report.measurements import Measurement, in_order
from benchmarks.report.plot_style import (
    COLOURS,
    INK,
    MARKERS,
    Look,
    as_svg,
    drawing,
    new_plot,
    one_line,
)

WIDTH = 7.0
"""Inches of each plot: as wide as the page's text."""

_BAR = 0.27
"""Inches that a bar takes with the space to the next one."""

_SHOWN_REVISIONS = 12
"""More of their names do not fit below the history."""

_HALF = 38
"""Characters of a label in half of the width."""

_LONGEST_BAR = 4.0
"""A bar may be so many times as long as the median one; one that is cut has an arrow behind it."""

_OUTLINE = 1.4
"""Points of the line around the bars of our subjects."""


def ratio_plot(
    measured: Sequence[Measurement],
    titles: Sequence[str],
    looks: Mapping[str, Look],
    *,
    key: str,
    title: str,
) -> str:
    """Return bars of the subjects' ratios to the reference, with their intervals.

    Parameters
    ----------
    measured : sequence of Measurement
        What is shown, one group of bars for each.
    titles : sequence of str
        Their titles.
    looks : mapping of str to Look
        Of each subject.
    key, title : str
        The plot's identifier and title.
    """
    shown = [(one, name) for one, name in zip(measured, titles, strict=True) if one.ratios]
    if not shown:
        return ""
    counts = [len(_with_ratio(one)) for one, _ in shown]
    with drawing(key):
        plot = new_plot(WIDTH, sum(counts) * _BAR + len(shown) * 0.42 + 0.35)
        axes = plot.subplots(len(shown), sharex=True, squeeze=False, height_ratios=counts)[:, 0]
        bars = [figure for one, _ in shown for name in one.subjects if (figure := one.ratio(name))]
        longest = max(figure.high or figure.value for figure in bars)
        usual = max(1.0, statistics.median(figure.value for figure in bars))
        limit = 1.04 * min(longest, _LONGEST_BAR * usual)
        for axis, (one, name) in zip(axes, shown, strict=True):
            _bars(axis, one, looks, limit)
            axis.set_title(*one_line([name], 70))
        references = {one.reference or "the reference" for one, _ in shown}
        by = references.pop() if len(references) == 1 else "the reference"
        axes[-1].set_xlim(0, limit)
        axes[-1].set_xlabel(f"by {by}; less is better")
        said = "; ".join(f"{name}: {_ratios_in_words(one)}" for one, name in shown)
        return as_svg(plot, key=key, title=title, description=f"Ratios to the reference. {said}.")


def _with_ratio(measurement: Measurement) -> list[str]:
    return [subject for subject in measurement.subjects if measurement.ratio(subject)]


def _ratios_in_words(measurement: Measurement) -> str:
    return ", ".join(
        f"{subject} {quantities.quantity(figure.value, 'ratio')}"
        for subject in measurement.subjects
        if (figure := measurement.ratio(subject))
    )


def _bars(axis: Any, measurement: Measurement, looks: Mapping[str, Look], limit: float) -> None:
    subjects = _with_ratio(measurement)
    for place, subject in enumerate(subjects):
        figure = measurement.ratio(subject)
        if figure is None:
            continue
        look = looks[subject]
        # All opaque: paler, they would not be told from the ground. Outlined are ours.
        outline = {"edgecolor": INK, "linewidth": _OUTLINE} if look.ours else {}
        axis.barh(place, figure.value, color=look.colour, height=0.68, **outline)
        if figure.low is not None and figure.high is not None and figure.rounds > 1:
            error = [
                [max(0.0, figure.value - figure.low)],
                [max(0.0, figure.high - figure.value)],
            ]
            axis.errorbar(figure.value, place, xerr=error, color=INK, linewidth=1, fmt="none")
        axis.text(
            1.015,
            place,
            quantities.quantity(figure.value, "ratio") + (" →" if figure.value > limit else ""),
            transform=axis.get_yaxis_transform(),
            va="center",
            fontweight=look.weight,
        )
    axis.axvline(1, color=INK, linewidth=1, linestyle=":")
    axis.set_yticks(range(len(subjects)), one_line(subjects))
    for label, subject in zip(axis.get_yticklabels(), subjects, strict=True):
        label.set_fontweight(looks[subject].weight)
    axis.set_ylim(len(subjects) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.grid(visible=False, axis="y")


def cost_plot(
    group: Sequence[Measurement], looks: Mapping[str, Look], *, key: str, title: str
) -> str:
    """Return lines of the subjects' time over the length of the recording, both logarithmic.

    Parameters
    ----------
    group : sequence of Measurement
        Of one configuration, with different lengths.
    looks : mapping of str to Look
        Of each subject.
    key, title : str
        The plot's identifier and title.
    """
    lengths = {one.audio_seconds: title_of_length(one) for one in group if one.audio_seconds}
    lines = {
        subject: [
            (one.audio_seconds, median)
            for one in sorted(group, key=lambda one: one.audio_seconds)
            if one.audio_seconds and (median := one.median(subject))
        ]
        for subject in in_order(one.subjects for one in group)
    }
    lines = {subject: points for subject, points in lines.items() if points}
    if len(lengths) < 2 or not lines:
        return ""
    with drawing(key):
        plot = new_plot(WIDTH, 3.9 + 0.11 * len(lines))
        axis = plot.subplots()
        for number, (subject, points) in enumerate(lines.items()):
            look = looks[subject]
            axis.plot(
                *zip(*points, strict=True),
                color=look.colour,
                marker=look.marker,
                markersize=6 if look.ours else 5,
                linestyle=look.dash,
                linewidth=2.6 if look.ours else 1.4,
                # The first on top: lines that are close hide one another.
                zorder=3 - number / len(lines) if look.ours else 2,
                label=one_line([subject])[0],
            )
        ends = sorted(lengths)[0], sorted(lengths)[-1]
        axis.plot(ends, ends, color=INK, linewidth=1, linestyle=":", label="real time")
        axis.set(xscale="log", yscale="log", xlabel="length of the recording")
        axis.set_ylabel("median time of a whole run")
        axis.set_xticks(sorted(lengths), [lengths[length] for length in sorted(lengths)])
        axis.xaxis.set_minor_locator(NullLocator())
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} s"))
        axis.yaxis.set_minor_formatter(NullFormatter())
        legend = plot.legend(loc="outside lower center", ncols=3)
        for text, subject in zip(legend.get_texts(), lines, strict=False):
            text.set_fontweight(looks[subject].weight)
        said = "; ".join(
            f"{subject}: "
            + ", ".join(f"{quantities.duration(y)} for {quantities.length(x)}" for x, y in points)
            for subject, points in lines.items()
        )
        return as_svg(plot, key=key, title=title, description=f"Median times. {said}.")


def history_plot(
    history: Sequence[Entry], figures: Mapping[str, str], *, key: str, title: str
) -> str:
    """Return lines of figures over revisions, each by its first value.

    Parameters
    ----------
    history : sequence of Entry
        The runs, the oldest first.
    figures : mapping of str to str
        Of the figures' names to what the legend calls them.
    key, title : str
        The plot's identifier and title.
    """
    lines = {}
    for name, label in figures.items():
        points = [
            (place, entry.figures[name])
            for place, entry in enumerate(history)
            if entry.figures.get(name)
        ]
        if len(points) > 1:
            lines[label] = [(place, value / points[0][1]) for place, value in points]
    if not lines:
        return ""
    with drawing(key):
        plot = new_plot(WIDTH, 3.1 + 0.12 * len(lines))
        axis = plot.subplots()
        for number, (label, line) in enumerate(lines.items()):
            axis.plot(
                *zip(*line, strict=True),
                color=COLOURS[number % len(COLOURS)],
                marker=MARKERS[number % len(MARKERS)],
                markersize=4,
                linestyle="-" if number < len(COLOURS) else "--",
                label=one_line([label], 60)[0],
            )
        axis.axhline(1, color=INK, linewidth=1, linestyle=":")
        step = -(-len(history) // _SHOWN_REVISIONS)
        places = range(0, len(history), step)
        axis.set_xticks(places, [short_revision(history[place].revision) for place in places])
        axis.tick_params(axis="x", rotation=30)
        axis.set_ylabel("by the first value; less is better")
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        plot.legend(loc="outside lower center", ncols=2 if max(map(len, lines)) < _HALF else 1)
        said = "; ".join(
            f"{label}: {quantities.quantity(line[-1][1], 'ratio')}" for label, line in lines.items()
        )
        return as_svg(plot, key=key, title=title, description=f"The last by the first. {said}.")


def short_revision(revision: str) -> str:
    """Return a commit's first digits, and the mark of a changed checkout."""
    commit = revision.removesuffix("+")
    return commit[:8] + revision[len(commit) :]
