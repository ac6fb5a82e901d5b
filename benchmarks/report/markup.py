"""A table as data, and what it looks like in Markdown and in HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

# What would be markup in a cell of GitHub's Markdown. An underscore within a word is none.
_MARKUP = re.compile(r"([\\|*`\[\]])")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a table: plain text for each column, and a mark that both forms bring out.

    The first cell says what the row is about. A row like the others has no mark.
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


def table_of(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    words: Collection[str] = (),
    marks: Mapping[str, str] | None = None,
) -> list[Table]:
    """Return a table of these cells, or nothing where there are no rows.

    The columns in `words` hold no numbers, like the first one. `marks` are of rows, by first cell.
    """
    table = Table(
        title=title,
        columns=tuple(columns),
        numbers=frozenset(n for n, name in enumerate(columns) if n and name not in words),
        rows=tuple(Row(cells=tuple(row), mark=(marks or {}).get(row[0], "")) for row in rows),
    )
    return with_rows(table)


def as_markdown(table: Table) -> str:
    """Return a table in GitHub's Markdown, without its title."""
    rule = "".join("|---:" if table.is_number(n) else "|---" for n in range(len(table.columns)))
    lines = [list(map(markdown_text, table.columns))]
    for row in table.rows:
        first, *others = map(markdown_text, row.cells)
        lines.append([f"**{first}**" if row.mark else first, *others])
    head, *rows = (f"| {' | '.join(cells)} |\n" for cells in lines)
    return "".join([head, f"{rule}|\n", *rows])


def markdown_text(text: str) -> str:
    """Return text so that Markdown shows it as it is, on one line."""
    return _MARKUP.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))


def as_html(table: Table, *, is_open: bool) -> str:
    """Return a table in HTML, which is folded below its title and scrolls sideways."""
    kinds = [' class="number"' if table.is_number(n) else "" for n in range(len(table.columns))]
    title, opened = html.escape(table.title), ' open="open"' if is_open else ""
    heads = "".join(
        f'<th scope="col"{kind}>{html.escape(name)}</th>'
        for kind, name in zip(kinds, table.columns, strict=True)
    )
    lines = [
        f"<details{opened}><summary>{title}</summary>",
        # What scrolls can be reached with the keyboard, too, and has a name.
        f'<div class="scroll" role="group" tabindex="0" aria-label="{title}"><table>',
        f"<thead><tr>{heads}</tr></thead>\n<tbody>",
    ]
    for row in table.rows:
        first, *others = map(html.escape, row.cells)
        cells = "".join(
            f"<td{kind}>{cell}</td>" for kind, cell in zip(kinds[1:], others, strict=True)
        )
        mark = f' class="{html.escape(row.mark)}"' if row.mark else ""
        lines.append(f'<tr{mark}><th scope="row">{first}</th>{cells}</tr>')
    return "\n".join([*lines, "</tbody></table></div></details>"]) + "\n"
