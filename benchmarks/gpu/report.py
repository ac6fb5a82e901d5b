"""What came of the parts of the examination: Markdown to read, JSON for tools."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.report.markup import Row, Table, as_markdown, markdown_text, with_rows
from benchmarks.report.quantities import significant

PASSED, FAILED, ABSENT = "passed", "failed", "not run"

SHOWN = 40
"""Failures of a part that are told apart; the JSON file has all."""

Figures = Mapping[str, Any]
"""What a part measured: names to numbers, texts, or further such mappings."""

Found = tuple[list[str], Figures]
"""What a part returns: what is not as it should be, a line each, and its figures."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What came of a part; `why` is why it was not run, or why it broke off."""

    name: str
    state: str
    why: str = ""
    failures: Sequence[str] = ()
    figures: Figures = field(default_factory=dict)


def as_json(parts: Sequence[Part]) -> str:
    """Return all parts as JSON."""
    return json.dumps([asdict(part) for part in parts], indent=1, ensure_ascii=False) + "\n"


def as_page(parts: Sequence[Part]) -> str:
    """Return all parts in Markdown, what came of them first."""
    overview = Table(
        title="Parts",
        columns=("part", "state", "why"),
        numbers=frozenset(),
        rows=tuple(Row(cells=(part.name, part.state, _why(part))) for part in parts),
    )
    lines = ["# The CUDA add-on on a GPU", "", as_markdown(overview)]
    for part in parts:
        if part.state != ABSENT:
            lines += [f"## {part.name}", ""]
            lines += [f"* {markdown_text(line)}" for line in part.failures[:SHOWN]]
            if len(part.failures) > SHOWN:
                lines.append(f"* and {len(part.failures) - SHOWN} more")
            for table in with_rows(*tables_of(part.name, part.figures)):
                lines += ["", f"### {table.title}", "", as_markdown(table)]
    return "\n".join(lines)


def tables_of(title: str, figures: Figures) -> list[Table]:
    """Return figures as tables: of deeper ones, a table for each group of them."""
    groups = [value for value in figures.values() if isinstance(value, Mapping)]
    if any(isinstance(inner, Mapping) for group in groups for inner in group.values()):
        return [table for name, group in figures.items() for table in tables_of(name, group)]
    cells: dict[str, Figures] = {
        name: value if isinstance(value, Mapping) else {"value": value}
        for name, value in figures.items()
    }
    names = list(dict.fromkeys(name for row in cells.values() for name in row))
    if len(names) > len(cells):
        # A page has more room below than beside.
        cells, names = (
            {name: {key: row[name] for key, row in cells.items() if name in row} for name in names},
            list(cells),
        )
    rows = tuple(
        Row(cells=(key, *(_shown(row.get(name, "")) for name in names)))
        for key, row in cells.items()
    )
    return [Table(title=title, columns=("", *names), rows=rows)]


def _shown(value: object) -> str:
    match value:
        case float():
            return significant(value)
        case list() | tuple():
            return ", ".join(map(_shown, value))
        case _:
            return str(value)


def _why(part: Part) -> str:
    count = len(part.failures)
    return part.why or (f"{count} failure{'s' * (count > 1)}" if count else "")
