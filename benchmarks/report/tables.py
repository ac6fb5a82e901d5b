"""Tables of all that a run of the benchmarks found, and the Markdown report made of them.

Every function returns the tables as data, without those that have no rows; the page shows the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.figures import ArtefactSizes, Figure, Results
from benchmarks.judging.judge import Verdict
from benchmarks.report import quantities
from benchmarks.report.compared_tables import compared_tables, growth_tables, interval_of_rounds
from benchmarks.report.markup import Row, Table, as_markdown, markdown_text, with_rows
from benchmarks.report.measurements import kinds, with_budgets
from benchmarks.report.quantities import NOTHING
from benchmarks.report.section_notes import notes_on
from benchmarks.report.verdict_tables import headline, verdict_table
from benchmarks.sizes.changes import change_tables, payment_tables

_LARGEST = 15
"""Rows of each table of largest things."""

_HAVE_SECTIONS = ("speed", "start", "memory", "part")
"""Kinds of measurements that `sections` names; it shows any other one, too."""


def sections(
    results: Results,
    verdicts: Sequence[Verdict],
    base: Mapping[str, ArtefactSizes] | None = None,
) -> dict[str, list[Table]]:
    """Return all tables by the title of their section, in the order of the report.

    Parameters
    ----------
    results : Results
        What the run found.
    verdicts : sequence of Verdict
        What became of the budgets.
    base : mapping of str to ArtefactSizes, optional
        The sizes of the report that was accepted last.
    """
    ours = with_budgets(results, verdicts)
    components = [table for name in results.sizes for table in component_table(results, name)]
    found = {
        "Budgets": verdict_table(verdicts, results),
        "Sizes": [*size_tables(results), *components],
        "Since the accepted report": (
            [*payment_tables(base, results.sizes), *change_tables(base, results.sizes)]
            if base
            else []
        ),
        "Largest parts": [table for name in results.sizes for table in largest(results, name)],
        "Counts": count_tables(results),
        "Speed": [*compared_tables(results, "speed", ours), *timed_errors(results)],
        "How cost grows": growth_tables(results, ours),
        "Start and memory": [
            *compared_tables(results, "start", ours),
            *compared_tables(results, "memory", ours),
        ],
        "Parts": compared_tables(results, "part", ours),
        "Accuracy": accuracy_tables(results),
        "Further measurements": [
            table
            for kind in kinds(results)
            if kind not in _HAVE_SECTIONS
            for table in compared_tables(results, kind, ours)
        ],
        "Machine": machine_table(results),
        "Not measured": unmeasured_table(results),
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
        lines += [f"## {title}", ""]
        for note in notes_on(title, results):
            lines += [markdown_text(note), ""]
        for table in tables:
            if len(tables) > 1:
                lines += [f"### {markdown_text(table.title)}", ""]
            lines.append(as_markdown(table))
    return "\n".join(lines)


def size_tables(results: Results) -> list[Table]:
    """Return the size of each artefact."""
    rows = tuple(
        Row(
            cells=(
                name,
                quantities.megabytes(sizes.bytes),
                quantities.whole_bytes(sizes.bytes),
                f"{len(sizes.files):,}" if sizes.files else NOTHING,
            )
        )
        for name, sizes in results.sizes.items()
    )
    columns = ("artefact", "size", "bytes", "files")
    return with_rows(Table(title="Artefacts", columns=columns, rows=rows))


def component_table(results: Results, artefact: str) -> list[Table]:
    """Return the components of one artefact, the largest first."""
    components = results.sizes[artefact].components
    total = sum(components.values())
    rows = tuple(
        Row(cells=(name, quantities.whole_bytes(size), quantities.percentage(size / total)))
        for name, size in sorted(components.items(), key=lambda item: (-item[1], item[0]))
        if size
    )
    columns = ("component", "bytes", "share")
    return with_rows(Table(title=f"Components of {artefact}", columns=columns, rows=rows))


def largest(results: Results, artefact: str) -> list[Table]:
    """Return the largest files, sections, object files and symbols of one artefact."""
    sizes = results.sizes[artefact]
    kinds = {
        "files": sizes.files,
        "sections": sizes.sections,
        "object files": sizes.objects,
        "symbols": sizes.symbols,
    }
    return with_rows(
        *(
            Table(
                title=f"Largest {kind} of {artefact}",
                columns=(kind, "bytes"),
                rows=tuple(
                    Row(cells=(name, quantities.whole_bytes(size)))
                    for name, size in sorted(items.items(), key=lambda item: (-item[1], item[0]))[
                        :_LARGEST
                    ]
                ),
            )
            for kind, items in kinds.items()
        )
    )


def count_tables(results: Results) -> list[Table]:
    """Return what was counted: files, libraries, relocations, instructions, modules."""
    return _figure_table("Counts", "counted", _of_kind(results, "count"))


def accuracy_tables(results: Results) -> list[Table]:
    """Return word and character error rates, and how many files differ from the reference's."""
    return _figure_table("Accuracy", "measured", _of_kind(results, "accuracy"))


def timed_errors(results: Results) -> list[Table]:
    """Return the word error rates of what was written while it was timed: by subject and way."""
    rates: dict[str, dict[str, str]] = {}
    for figure in _of_kind(results, "errors"):
        _, length, decoding, threads, subject = figure.name.split("/")
        rate = quantities.percentage(figure.value)
        rates.setdefault(f"{length}, {decoding}, {threads}", {})[subject] = rate
    subjects = tuple(dict.fromkeys(name for row in rates.values() for name in row))
    rows = tuple(
        Row(cells=(way, *(row.get(name, NOTHING) for name in subjects)))
        for way, row in rates.items()
    )
    columns = ("recording", *subjects)
    title = "Word error rates of what was timed"
    return with_rows(Table(title=title, columns=columns, rows=rows))


def _of_kind(results: Results, kind: str) -> list[Figure]:
    return [figure for figure in results.figures if figure.name.startswith(f"{kind}/")]


def _figure_table(title: str, first: str, figures: Sequence[Figure]) -> list[Table]:
    spread = any(figure.low is not None for figure in figures)
    rows = tuple(
        Row(
            cells=(
                ", ".join(figure.name.split("/")[1:]),
                quantities.quantity(figure.value, figure.unit),
                *([_interval(figure)] if spread else []),
            )
        )
        for figure in figures
    )
    columns = (first, "value", *(["interval"] if spread else []))
    return with_rows(Table(title=title, columns=columns, rows=rows))


def _interval(figure: Figure) -> str:
    return interval_of_rounds(figure.low, figure.high, figure.unit, figure.rounds)


def machine_table(results: Results) -> list[Table]:
    """Return what it was measured on, and of which revision."""
    told = {"revision": results.revision, "committed": results.date, **results.machine}
    rows = tuple(Row(cells=item) for item in told.items())
    columns = ("what", "is")
    return with_rows(Table(title="Machine", columns=columns, numbers=frozenset(), rows=rows))


def unmeasured_table(results: Results) -> list[Table]:
    """Return what was not measured and why, with one row for what shares kind and reason."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, why in results.unmeasured.items():
        kind, _, rest = name.partition("/")
        names.setdefault((kind, why), []).append(rest or kind)
    rows = tuple(Row(cells=(kind, "; ".join(some), why)) for (kind, why), some in names.items())
    columns = ("kind", "not measured", "why")
    return with_rows(Table(title="Not measured", columns=columns, numbers=frozenset(), rows=rows))
