"""The report: Markdown to read, JSON for tools."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmarks.gpu.part import ABSENT, Part
from benchmarks.report.markup import Row, Table, as_markdown, markdown_text

SHOWN = 40
"""Failures of a part that are told apart; the JSON file has all."""


def as_json(parts: Sequence[Part]) -> str:
    """Return all parts as JSON."""
    return json.dumps([part.as_data() for part in parts], indent=1, ensure_ascii=False) + "\n"


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
        if part.state == ABSENT:
            continue
        lines += [f"## {part.name}", ""]
        lines += [f"* {markdown_text(line)}" for line in part.failures[:SHOWN]]
        if len(part.failures) > SHOWN:
            lines.append(f"* and {len(part.failures) - SHOWN} more")
        if part.failures:
            lines.append("")
        for table in part.tables:
            lines += [f"### {table.title}", "", as_markdown(table)]
    return "\n".join(lines)


def _why(part: Part) -> str:
    count = len(part.failures)
    return part.why or (f"{count} failure{'s' * (count > 1)}" if count else "")
