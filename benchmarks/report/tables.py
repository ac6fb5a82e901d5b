"""Tables of all that a run of the benchmarks found, and the Markdown report made of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.figures import ArtefactSizes, Figure, Results
from benchmarks.judging.judge import State, Verdict
from benchmarks.measuring.comparison import FEWEST_ROUNDS
from benchmarks.report import quantities
from benchmarks.report.markup import Table, as_markdown, markdown_text, table_of
from benchmarks.report.measurements import in_order, overview
from benchmarks.report.quantities import NOTHING
from benchmarks.sizes.changes import change_tables, payment_tables

WORDS_OF_STATES = {
    State.BROKEN: "broken",
    State.NOISY: "undecided because of noise",
    State.UNMEASURED: "not measured",
    State.MET: "met",
}
"""In the order of their interest."""

_LARGEST = 15
"""Rows of each table of largest things."""

_HAVE_SECTIONS = ("speed", "start", "memory", "part")
"""Kinds of measurements that `sections` names; it shows any other one, too."""

_INTERVAL = (
    f"An interval holds the true median with 95 %. Fewer than {FEWEST_ROUNDS} rounds have none:"
    " their range is shown in its place."
)

NOTES = {
    "Budgets": f"Room is what is left below the ceiling, as a part of it. {_INTERVAL}",
    "Sizes": (
        "Components add up to the artefact as it is: packed in the wheel and in an AppImage, as"
        " the files are in a folder."
    ),
    "Speed": (
        "Times of whole runs. The ratio to the reference is the median of the rounds' own ratios."
        f" {_INTERVAL} Who wrote less, or something else, did other work: see the word error"
        " rates. benchmarks/README.md says how peers are run and what they do otherwise."
    ),
    "Start and memory": (
        "Time from the start of the process to the end of the action, and peak resident memory."
        f" {_INTERVAL}"
    ),
    "Parts": _INTERVAL,
    "Accuracy": "Wrong words (WER) or characters (CER) by those that were said.",
}
"""Of the titles of sections to what is to be known about them."""


def headline(verdicts: Sequence[Verdict]) -> str:
    """Return in a sentence whether all budgets are met."""
    if not verdicts:
        return "No budget was judged."
    if all(verdict.state is State.MET for verdict in verdicts):
        return f"All {len(verdicts)} budgets are met."
    counts = Counter(verdict.state for verdict in verdicts)
    parts = (
        f"{counts[state]} {words}" for state, words in WORDS_OF_STATES.items() if counts[state]
    )
    return f"Of {len(verdicts)} budgets: {', '.join(parts)}."


def sections(
    results: Results,
    verdicts: Sequence[Verdict],
    base: Mapping[str, ArtefactSizes] | None = None,
) -> dict[str, list[Table]]:
    """Return all tables by the title of their section, in the order of the report.

    Changes are those since `base`, the sizes of the report that was accepted last.
    """
    now = results.sizes
    machine = {"revision": results.revision, "committed": results.date, **results.machine}
    kinds = dict.fromkeys(one.measurement.partition("/")[0] for one in results.series)
    others = [kind for kind in kinds if kind not in _HAVE_SECTIONS]
    found = {
        "Budgets": verdict_tables(verdicts, results),
        "Sizes": [*size_tables(results), *_largest(results)],
        "Since the accepted report": (
            [*payment_tables(base, now), *change_tables(base, now)] if base else []
        ),
        "Counts": _figure_table(results, "count", "counted"),
        "Speed": [*overview(results, "speed"), *timed_errors(results)],
        "Start and memory": [*overview(results, "start"), *overview(results, "memory")],
        "Parts": overview(results, "part"),
        "Accuracy": accuracy_tables(results),
        "Further measurements": [table for kind in others for table in overview(results, kind)],
        "Machine": table_of("Machine", ("what", "is"), machine.items(), words=("is",)),
        "Not measured": _unmeasured_table(results),
    }
    return {title: tables for title, tables in found.items() if tables}


def render(
    results: Results,
    verdicts: Sequence[Verdict],
    base: Mapping[str, ArtefactSizes] | None = None,
) -> str:
    """Return the whole report in Markdown; `sections` says of what."""
    lines = ["# Benchmarks", "", markdown_text(headline(verdicts)), ""]
    for title, tables in sections(results, verdicts, base).items():
        lines += [f"## {title}", "", *([NOTES[title], ""] if title in NOTES else [])]
        for table in tables:
            lines += [f"### {markdown_text(table.title)}", "", as_markdown(table)]
    return "\n".join(lines)


def verdict_tables(verdicts: Sequence[Verdict], results: Results) -> list[Table]:
    """Return what became of the budgets: those not met, those not measured, and those met."""
    rounds = {figure.name: figure.rounds for figure in results.figures}
    tables = []
    for title, states in (
        ("not met", (State.BROKEN, State.NOISY)),
        ("not measured", (State.UNMEASURED,)),
        ("met", (State.MET,)),
    ):
        group = [one for state in states for one in verdicts if one.state is state]
        tables += table_of(
            f"{len(group)} {title}",
            ("figure", "verdict", "value", "ceiling", "room", "interval", "reason"),
            [
                (
                    one.figure,
                    WORDS_OF_STATES[one.state],
                    quantities.quantity(one.value, one.unit),
                    quantities.quantity(one.ceiling, one.unit),
                    _room(one),
                    quantities.interval(one.low, one.high, one.unit, rounds.get(one.figure, 0)),
                    one.reason,
                )
                for one in group
            ],
            words=("verdict", "reason"),
            marks={one.figure: one.state.value for one in group if one.state is not State.MET},
        )
    return tables


def _room(verdict: Verdict) -> str:
    if verdict.value is None or not verdict.ceiling:
        return NOTHING
    return quantities.percentage(1 - verdict.value / verdict.ceiling)


def size_tables(results: Results) -> list[Table]:
    """Return the size of each artefact."""
    rows = [
        (name, quantities.megabytes(one.bytes), f"{one.bytes:,}", str(len(one.files) or NOTHING))
        for name, one in results.sizes.items()
    ]
    return table_of("Artefacts", ("artefact", "size", "bytes", "files"), rows)


def _largest(results: Results) -> list[Table]:
    """Return the largest components, files and parts of files of each artefact."""
    tables = []
    for artefact, sizes in results.sizes.items():
        for kind in ("components", "files", "sections", "objects", "symbols"):
            parts: Mapping[str, int] = getattr(sizes, kind)
            total = sum(parts.values())
            ordered = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
            rows = [
                (name, f"{size:,}", quantities.percentage(size / total))
                for name, size in ordered[:_LARGEST]
                if size
            ]
            title = f"Largest {kind} of {artefact}"
            tables += table_of(title, (kind, "bytes", "share"), rows)
    return tables


def accuracy_tables(results: Results) -> list[Table]:
    """Return word and character error rates, and how many files differ from the reference's."""
    return _figure_table(results, "accuracy", "measured")


def timed_errors(results: Results) -> list[Table]:
    """Return the word error rates of what was written while it was timed: by subject and way."""
    rates: dict[str, dict[str, str]] = {}
    for figure in _of_kind(results, "errors"):
        _, *way, subject = figure.name.split("/")
        rates.setdefault(", ".join(way), {})[subject] = quantities.percentage(figure.value)
    subjects = in_order(rates.values())
    rows = [(way, *(row.get(name, NOTHING) for name in subjects)) for way, row in rates.items()]
    return table_of("Word error rates of what was timed", ("recording", *subjects), rows)


def _of_kind(results: Results, kind: str) -> list[Figure]:
    return [figure for figure in results.figures if figure.name.startswith(f"{kind}/")]


def _figure_table(results: Results, kind: str, first: str) -> list[Table]:
    figures = _of_kind(results, kind)
    columns = [first, "value"]
    if any(figure.low is not None for figure in figures):
        columns.append("interval")
    rows = [
        (
            ", ".join(one.name.split("/")[1:]),
            quantities.quantity(one.value, one.unit),
            quantities.interval(one.low, one.high, one.unit, one.rounds),
        )[: len(columns)]
        for one in figures
    ]
    return table_of(kind.capitalize(), columns, rows)


def _unmeasured_table(results: Results) -> list[Table]:
    """Return what was not measured and why, with one row for what shares kind and reason."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, why in results.unmeasured.items():
        kind, _, rest = name.partition("/")
        names.setdefault((kind, why), []).append(rest or kind)
    columns = ("kind", "not measured", "why")
    rows = [(kind, "; ".join(some), why) for (kind, why), some in names.items()]
    return table_of("Not measured", columns, rows, words=columns)
