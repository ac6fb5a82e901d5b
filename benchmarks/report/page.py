"""One HTML file with all that a run of the benchmarks found, which opens without a network."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.figures import ArtefactSizes, Results
from benchmarks.judging.history import Entry
from benchmarks.judging.judge import State, Verdict
from benchmarks.measuring.comparison import FEWEST_ROUNDS
from benchmarks.measuring.machine import UNKNOWN
from benchmarks.report import quantities
from benchmarks.report.compared_tables import compared_tables, title_of, title_of_length
from benchmarks.report.history_plots import history_plots
from benchmarks.report.markup import Table, as_html
from benchmarks.report.measurements import Measurement, by_configuration, measurements, with_budgets
from benchmarks.report.page_style import STYLE
from benchmarks.report.plot_style import Look, looks
from benchmarks.report.plots import cost_plot, ratio_plot, short_revision
from benchmarks.report.section_notes import notes_on
from benchmarks.report.tables import component_table, sections, size_tables, timed_errors
from benchmarks.report.treemap import components_with_files, components_with_objects, treemap
from benchmarks.report.verdict_tables import (
    WORDS_OF_STATES,
    headline,
    unmeasured_budgets,
    verdict_table,
)
from benchmarks.sizes.changes import change_tables, payment_tables

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Has the browser itself see to it that nothing is fetched."""

_KINDS = {"start": "Time", "memory": "Peak memory", "part": "Time"}

_NO_HISTORY = "The history begins when a second run is recorded."

_READING = (
    "Less is better, everywhere: fewer bytes, less time, less memory, fewer errors.",
    "Times mean nothing by themselves, because machines differ and are disturbed. What is compared"
    " ran in turns, and a ratio is that of two programs in the same turn on the same machine.",
    "An interval holds the true median of the ratios in 19 of 20 runs. A budget is broken when"
    " the whole interval lies above its ceiling, and met when none of it does; in between, the"
    f" machine was too noisy to tell. With fewer than {FEWEST_ROUNDS} rounds there is only their"
    " range, which decides nothing. Sizes and counts have no noise.",
    "A budget is a ceiling that comes down when the program gets better, and goes up only with a"
    " reason.",
    "Marked rows, and outlined bars and bold names in plots, are the programs that budgets hold:"
    " ours.",
)


def render_page(
    results: Results,
    verdicts: Sequence[Verdict],
    history: Sequence[Entry],
    base: Mapping[str, ArtefactSizes] | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    results : Results
        What the run found.
    verdicts : sequence of Verdict
        What became of the budgets.
    history : sequence of Entry
        Earlier runs; this one may be among them.
    base : mapping of str to ArtefactSizes, optional
        The sizes of the report that was accepted last.
    """
    ours = with_budgets(results, verdicts)
    look = looks(results, ours)
    tables = sections(results, verdicts, base)
    held = [verdict.figure for verdict in verdicts]
    contents = {
        "Budgets": _verdicts(verdicts, results),
        "Sizes": _sizes(results)
        + _details("Largest parts", _tables(tables.get("Largest parts", [])))
        + _tables(tables.get("Counts", [])),
        "Since the accepted report": _changes(base, results.sizes) if base else "",
        "Speed": _with_plots(_speed_plots(results, look), compared_tables(results, "speed", ours))
        + _tables(timed_errors(results)),
        "How cost grows": _with_plots(
            _cost_plots(results, look), tables.get("How cost grows", []), is_open=True
        ),
        "Start and memory": _with_plots(
            _kind_plots(results, ("start", "memory"), look), tables.get("Start and memory", [])
        ),
        "Parts": _with_plots(_kind_plots(results, ("part",), look), tables.get("Parts", [])),
        "Accuracy": _tables(tables.get("Accuracy", [])),
        "Further measurements": _details("Tables", _tables(tables.get("Further measurements", []))),
        "History": _plots(history_plots(results, history, held)) or _paragraph(_NO_HISTORY),
        "Machine": _tables(tables.get("Machine", [])),
        "Not measured": _tables(tables.get("Not measured", [])),
        "How to read it": f"<ul>{''.join(f'<li>{html.escape(one)}</li>' for one in _READING)}</ul>",
    }
    contents = {title: content for title, content in contents.items() if content}
    links = "".join(
        f'<li><a href="#{_identifier(title)}">{html.escape(title)}</a></li>' for title in contents
    )
    body = "".join(
        _section(title, content, notes_on(title, results)) for title, content in contents.items()
    )
    return f"""<!DOCTYPE html>
<html lang=en>
<head>
<meta charset=utf-8>
<meta http-equiv=Content-Security-Policy content="{_POLICY}">
<meta name=viewport content="width=device-width, initial-scale=1">
<title>Benchmarks: {html.escape(headline(verdicts))}</title>
<style>
{STYLE}</style>
</head>
<body>
<header>
<h1>Benchmarks</h1>
<p class="verdict {_worst(verdicts)}">{html.escape(headline(verdicts))}</p>
<p class=quiet>{_origin(results)}</p>
<nav aria-label=Sections><ul>{links}</ul></nav>
</header>
<main>
{body}</main>
</body>
</html>
"""


def _worst(verdicts: Sequence[Verdict]) -> str:
    states = {verdict.state for verdict in verdicts}
    return next((state.value for state in WORDS_OF_STATES if state in states), "unmeasured")


def _origin(results: Results) -> str:
    # Dates are in ISO 8601: the day is before the T.
    day = results.date.partition("T")[0]
    committed = f"committed {day}" if day not in {"", UNKNOWN} else ""
    parts = [f"Revision {short_revision(results.revision)}", committed]
    parts += [results.machine[name] for name in ("processor", "cores") if name in results.machine]
    return html.escape(" · ".join(filter(None, parts)))


def _section(title: str, content: str, notes: Iterable[str]) -> str:
    note = "".join(map(_paragraph, notes))
    name = _identifier(title)
    return (
        f"<section aria-labelledby={name}>\n<h2 id={name}>{html.escape(title)}</h2>\n"
        f"{note}{content}</section>\n"
    )


def _identifier(title: str) -> str:
    return re.sub(r"\W+", "-", title.lower()).strip("-")


def _paragraph(text: str) -> str:
    return f"<p class=quiet>{html.escape(text)}</p>\n"


def _details(summary: str, content: str, *, is_open: bool = False) -> str:
    if not content:
        return ""
    opened = " open" if is_open else ""
    return f"<details{opened}><summary>{html.escape(summary)}</summary>\n{content}</details>\n"


def _tables(tables: Iterable[Table]) -> str:
    return "".join(map(as_html, tables))


def _verdicts(verdicts: Sequence[Verdict], results: Results) -> str:
    met = [verdict for verdict in verdicts if verdict.state is State.MET]
    others = [one for one in verdicts if one.state in {State.BROKEN, State.NOISY}]
    unmeasured = [_details(one.title, as_html(one)) for one in unmeasured_budgets(verdicts)]
    return (
        _tables(verdict_table(others, results, "Not met"))
        + "".join(unmeasured)
        + _details(f"{len(met)} met", _tables(verdict_table(met, results, "Met")))
    )


def _changes(base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes]) -> str:
    return _tables(payment_tables(base, now)) + "".join(
        _details(table.title, as_html(table)) for table in change_tables(base, now)
    )


def _sizes(results: Results) -> str:
    parts = [_tables(size_tables(results))]
    # The one that tells most; all of them open would hide what comes below.
    opened = max(results.sizes, key=lambda name: len(results.sizes[name].components), default="")
    for number, (name, sizes) in enumerate(results.sizes.items()):
        inside = treemap(
            components_with_files(sizes),
            key=f"files-{number}",
            title=f"{name}: its components, and the files in them",
        )
        objects = [
            treemap(
                groups,
                key=f"objects-{number}-{place}",
                title=f"{file} of {name}: the object files that it was linked of, as loaded",
            )
            for place, (file, groups) in enumerate(components_with_objects(sizes).items())
        ]
        # The table beside the first plot where there is room.
        content = _plots([inside], _tables(component_table(results, name))) + _plots(objects)
        summary = f"{name}, {quantities.megabytes(sizes.bytes)}"
        parts.append(_details(summary, content, is_open=name == opened))
    return "".join(parts)


def _speed_plots(results: Results, look: dict[str, Look]) -> list[str]:
    return [
        ratio_plot(
            group,
            [title_of_length(one) for one in group],
            look,
            key=f"speed-{number}",
            title=f"Time by that of the reference: {', '.join(configuration)}",
        )
        for number, (configuration, group) in enumerate(_configurations(results))
    ]


def _cost_plots(results: Results, look: dict[str, Look]) -> list[str]:
    return [
        cost_plot(
            # Many recordings are not one that is longer.
            [one for one in group if not one.is_of_many],
            look,
            key=f"cost-{number}",
            title=f"Time over the length of the recording: {', '.join(configuration)}",
        )
        for number, (configuration, group) in enumerate(_configurations(results))
    ]


def _configurations(results: Results) -> list[tuple[tuple[str, ...], list[Measurement]]]:
    return list(by_configuration(measurements(results, "speed")).items())


def _kind_plots(results: Results, kinds: Sequence[str], look: dict[str, Look]) -> list[str]:
    """Return a plot for each kind and reference: bars by different things are not comparable."""
    plots: list[str] = []
    for kind in kinds:
        found = measurements(results, kind)
        for reference in dict.fromkeys(one.reference for one in found):
            group = [one for one in found if one.reference == reference]
            title = f"{_KINDS[kind]} by that of {reference or 'the reference'}"
            names = [title_of(one) for one in group]
            plots.append(ratio_plot(group, names, look, key=f"{kind}-{len(plots)}", title=title))
    return plots


def _with_plots(plots: Iterable[str], tables: Sequence[Table], *, is_open: bool = False) -> str:
    summary = f"{len(tables)} tables" if len(tables) > 1 else "Table"
    return _plots(plots) + _details(summary, _tables(tables), is_open=is_open)


_TITLE = re.compile(r"<title[^>]*>(.*?)</title>")


def _plots(plots: Iterable[str], beside: str = "") -> str:
    content = "".join(map(_figure, filter(None, plots))) + beside
    return f"<div class=plots>{content}</div>\n" if content else ""


def _figure(svg: str) -> str:
    title = _TITLE.search(svg)
    # A plot's title is escaped, but for the marks that end an attribute.
    words = title[1] if title else ""
    label = words.replace('"', "&quot;")
    return (
        f"<figure><figcaption>{words}</figcaption>"
        f'<div class=scroll role=group tabindex=0 aria-label="{label}">\n{svg}</div></figure>\n'
    )
