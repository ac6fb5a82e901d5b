"""A table as data, and what it looks like in Markdown and in HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

# What would be markup in a cell of GitHub's Markdown. An underscore within a word is none.
_MARKUP = re.compile(r"([\\|*`\[\]])")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a table.

    Attributes
    ----------
    cells : tuple of str
        Plain text, one for each column; the first says what the row is about.
    mark : str
        ``ours`` or a verdict, which both forms bring out; empty for a row like the others.
    """

    cells: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table.

    Attributes
    ----------
    title : str
        What it shows.
    columns : tuple of str
        Their headings.
    numbers : frozenset of int or None
        Which columns hold numbers, flush right; None for all but the first.
    rows : tuple of Row
        The lines; a table without any is not shown.
    """

    title: str
    columns: tuple[str, ...]
    numbers: frozenset[int] | None = None
    rows: tuple[Row, ...]

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers."""
        return column > 0 if self.numbers is None else column in self.numbers


def with_rows(*tables: Table) -> list[Table]:
    """Return the tables that have something to show."""
    return [table for table in tables if table.rows]


def as_markdown(table: Table) -> str:
    """Return a table in GitHub's Markdown, without its title."""
    lines = [
        _markdown_row(table.columns),
        "".join("|---:" if table.is_number(n) else "|---" for n in range(len(table.columns))) + "|",
    ]
    for row in table.rows:
        first, *others = map(markdown_text, row.cells)
        lines.append(_join([f"**{first}**" if row.mark else first, *others]))
    return "\n".join(lines) + "\n"


def markdown_text(text: str) -> str:
    """Return text so that Markdown shows it as it is, on one line."""
    return _MARKUP.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))


def as_html(table: Table) -> str:
    """Return a table in HTML with its title as the caption, in a box that scrolls sideways."""
    heads = "".join(
        f"<th scope=col{_alignment(table, number)}>{html.escape(name)}</th>"
        for number, name in enumerate(table.columns)
    )
    title = html.escape(table.title)
    lines = [
        f'<div class=scroll role=group tabindex=0 aria-label="{title}"><table>',
        f"<caption>{title}</caption>",
        f"<thead><tr>{heads}</tr></thead>",
        "<tbody>",
    ]
    for row in table.rows:
        cells = "".join(
            f"<td{_alignment(table, number)}>{html.escape(cell)}</td>"
            for number, cell in enumerate(row.cells[1:], start=1)
        )
        mark = f' class="{html.escape(row.mark)}"' if row.mark else ""
        lines.append(f"<tr{mark}><th scope=row>{html.escape(row.cells[0])}</th>{cells}</tr>")
    return "\n".join([*lines, "</tbody></table></div>"]) + "\n"


def _alignment(table: Table, column: int) -> str:
    return " class=number" if table.is_number(column) else ""


def _markdown_row(cells: Sequence[str]) -> str:
    return _join([markdown_text(cell) for cell in cells])


def _join(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
