"""One HTML file with all that a run of the benchmarks found, which opens without a network."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.figures import ArtefactSizes, Results
from benchmarks.judging.history import Entry
from benchmarks.judging.judge import State, Verdict
from benchmarks.report.drawing import Drawing
from benchmarks.report.markup import Table, as_html
from benchmarks.report.measurements import Measurement, in_order, measurements, with_budgets
from benchmarks.report.plots import cost_plot, history_plots, ratio_plot
from benchmarks.report.tables import NOTES, WORDS_OF_STATES, headline, sections
from benchmarks.report.treemap import components_with_files, components_with_objects, treemap

_STYLE = Path(__file__).with_name("page.css")

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Has the browser itself see to it that nothing is fetched."""

_OPEN = 50
"""Rows of the longest table that is open at first."""


def render_page(
    results: Results,
    verdicts: Sequence[Verdict],
    history: Sequence[Entry],
    base: Mapping[str, ArtefactSizes] | None = None,
) -> str:
    """Return the page.

    The `history` may have this run, too. Changes are those since `base`, the sizes of the report
    that was accepted last.
    """
    tables = sections(results, verdicts, base)
    ours = with_budgets(results, verdicts)
    plots: dict[str, Iterable[Drawing | None]] = {
        "Sizes": _treemaps(results),
        "Speed": _speed_plots(results, ours),
        "Start and memory": _ratio_plots(results, ("start", "memory"), ours),
        "Parts": _ratio_plots(results, ("part",), ours),
        "History": history_plots(results, history, [verdict.figure for verdict in verdicts]),
    }
    drawn = {title: "".join(map(_figure, filter(None, some))) for title, some in plots.items()}
    titles = [title for title in in_order([tables, drawn]) if title in tables or drawn[title]]
    links = "".join(
        f'<li><a href="#{_identifier(title)}">{html.escape(title)}</a></li>' for title in titles
    )
    body = "".join(_section(title, drawn.get(title, ""), tables.get(title, [])) for title in titles)
    told = html.escape(headline(verdicts))
    states = {verdict.state for verdict in verdicts}
    worst = next((state for state in WORDS_OF_STATES if state in states), State.UNMEASURED)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Benchmarks: {told}</title>
<style>
{_STYLE.read_text()}</style>
</head>
<body>
<header>
<h1>Benchmarks</h1>
<p class="verdict {worst}">{told}</p>
<p>Less is better, everywhere. In orange is what budgets hold: ours. How to read it:
benchmarks/README.md.</p>
<nav aria-label="Sections"><ul>{links}</ul></nav>
</header>
<main>
{body}</main>
</body>
</html>
"""


def _section(title: str, figures: str, tables: Sequence[Table]) -> str:
    name = _identifier(title)
    note = f"<p>{html.escape(NOTES[title])}</p>\n" if title in NOTES else ""
    # All tables open would hide what comes below.
    folded = "".join(
        as_html(table, is_open=number == 0 and len(table.rows) <= _OPEN)
        for number, table in enumerate(tables)
    )
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{html.escape(title)}</h2>\n{note}'
        f'<div class="plots">{figures}</div>\n{folded}</section>\n'
    )


def _identifier(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower())


def _figure(drawing: Drawing) -> str:
    # As a picture of its own, no name or style in it can meet with another one of the page.
    data = base64.b64encode(drawing.svg.encode()).decode()
    title, told = html.escape(drawing.title), html.escape(drawing.told)
    image = f'<img alt="{told}" src="data:image/svg+xml;base64,{data}"/>'
    return f"<figure><figcaption>{title}</figcaption>\n{image}</figure>\n"


def _treemaps(results: Results) -> Iterator[Drawing | None]:
    for name, sizes in results.sizes.items():
        title = f"{name}: its components, and the files in them"
        yield treemap(components_with_files(sizes), title)
        for file, groups in components_with_objects(sizes).items():
            title = f"{file} of {name}: the object files that it was linked of, as loaded"
            yield treemap(groups, title)


def _speed_plots(results: Results, ours: Collection[str]) -> Iterator[Drawing | None]:
    """Yield two plots for each way of decoding and number of threads, which have all lengths."""
    groups: dict[str, list[Measurement]] = {}
    for one in measurements(results, "speed"):
        groups.setdefault(", ".join(one.parts[1:]), []).append(one)
    for way, group in groups.items():
        yield ratio_plot(group, ours, f"Time by that of the reference: {way}")
        yield cost_plot(group, ours, f"Time over the length of the recording: {way}")


def _ratio_plots(
    results: Results, kinds: Iterable[str], ours: Collection[str]
) -> Iterator[Drawing | None]:
    """Yield a plot for each kind and reference: bars by different things are not comparable."""
    for kind in kinds:
        found = measurements(results, kind)
        for reference in dict.fromkeys(one.reference for one in found):
            group = [one for one in found if one.reference == reference]
            what = "Peak memory" if kind == "memory" else "Time"
            yield ratio_plot(group, ours, f"{what} by that of {reference or 'the reference'}")
