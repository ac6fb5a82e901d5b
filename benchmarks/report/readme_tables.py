"""Keep the tables in the README files what the last recorded run found.

A table stands between two lines of the file, which are not shown::

    <!-- benchmark: sizes -->
    <!-- end -->

Everything between them is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from benchmarks.figures import Results
from benchmarks.report.compared_tables import overview
from benchmarks.report.markup import Table, as_markdown
from benchmarks.report.tables import accuracy_tables, size_tables, timed_errors
from buildkit.errors import InputError

TABLES: Mapping[str, Callable[[Results], list[Table]]] = {
    "sizes": size_tables,
    "speed": lambda results: overview(results, "speed"),
    "start": lambda results: [*overview(results, "start"), *overview(results, "memory")],
    "accuracy": accuracy_tables,
    "errors": timed_errors,
}
"""Of the names in the markers to the tables."""

_BEGIN = re.compile(r"<!-- benchmark: (.*) -->")
_END = "<!-- end -->"


def update(text: str, results: Results, names: Collection[str] = ()) -> str:
    """Return the text of a README with each marked table replaced by that of `results`.

    Parameters
    ----------
    text : str
        The file's text.
    results : Results
        What the run found.
    names : collection of str
        The tables that the file must have; it may have others of `TABLES`, too, and at least one.

    Raises
    ------
    InputError
        When a table is missing or there twice, a marker has an unknown name or no other end, or
        the run has nothing for a table.
    """
    lines = text.split("\n")
    blocks = _blocks(lines)
    missing = [name for name in names if name not in blocks]
    if missing or not blocks:
        raise _wrong(f"has no table {', '.join(missing) or 'at all'}")
    # From the last to the first, so that the numbers of the lines before stay right.
    for name, (begin, end) in reversed(blocks.items()):
        lines[begin + 1 : end] = _table(name, results).split("\n")
    return "\n".join(lines)


def stale(text: str, results: Results, names: Collection[str] = ()) -> list[str]:
    """Return the names of the tables that are not those of `results`.

    Raises
    ------
    InputError
        As `update` does.
    """
    updated = update(text, results, names).split("\n")
    lines = text.split("\n")
    after = _blocks(updated)
    return [
        name
        for name, (begin, end) in _blocks(lines).items()
        if lines[begin:end] != updated[slice(*after[name])]
    ]


def _blocks(lines: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the tables' names, each with the numbers of its first and its last marker's lines."""
    blocks: dict[str, tuple[int, int]] = {}
    begin, name = 0, ""
    for number, line in enumerate(map(str.strip, lines)):
        marker = _BEGIN.fullmatch(line)
        if marker and name:
            raise _wrong(f"has no {_END} after the table {name}")
        if marker:
            begin, name = number, marker[1]
            if name not in TABLES:
                raise _wrong(f"has a table {name}, and there are only {', '.join(TABLES)}")
            if name in blocks:
                raise _wrong(f"has the table {name} twice")
        elif line == _END:
            if not name:
                raise _wrong(f"has an {_END} in line {number + 1} that ends no table")
            blocks[name] = begin, number
            name = ""
    if name:
        raise _wrong(f"has no {_END} after the table {name}")
    return blocks


def _table(name: str, results: Results) -> str:
    """Return the lines between the markers."""
    tables = TABLES[name](results)
    if not tables:
        raise InputError(f"the run has nothing for the table {name}", "measure that, too")
    # Blank lines around a table: without them, Markdown takes it for a part of the comment.
    return "\n" + "\n".join(map(as_markdown, tables))


def _wrong(what: str) -> InputError:
    return InputError(f"the README {what}", "mend its markers")
