"""Keep the tables in the README files what the last recorded run found.

A table stands between two lines of the file, which are not shown::

    <!-- benchmark: sizes -->
    <!-- end -->

Everything between them is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest

from benchmarks.figures import Results
from benchmarks.report.markup import Table, as_markdown
from benchmarks.report.measurements import overview
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

_MARKER = re.compile(r"^<!-- (?:benchmark: (.*)|end) -->$", re.MULTILINE)


def update(text: str, results: Results) -> str:
    """Return the text of a README with each marked table replaced by that of `results`.

    Raises
    ------
    InputError
        When there is no table, or one of them twice, a marker has an unknown name or no other
        end, or the run has nothing for a table.
    """
    # From the last to the first, so that the places of those before stay right.
    for name, place in reversed(_places(text).items()):
        tables = TABLES[name](results)
        if not tables:
            raise InputError(f"the run has nothing for the table {name}", "measure that, too")
        # Blank lines around a table: without them, Markdown takes it for a part of the comment.
        between = "\n".join(["\n", *map(as_markdown, tables), ""])
        text = text[: place.start] + between + text[place.stop :]
    return text


def stale(text: str, results: Results) -> list[str]:
    """Return the names of the tables that are not those of `results`; it raises as `update`."""
    updated = update(text, results)
    after = _places(updated)
    return [name for name, place in _places(text).items() if text[place] != updated[after[name]]]


def _places(text: str) -> dict[str, slice]:
    """Return the tables' names, each with the place of what is between its markers."""
    places: dict[str, slice] = {}
    markers = list(_MARKER.finditer(text))
    for first, last in zip_longest(markers[::2], markers[1::2]):
        name = first[1]
        if name is None or last is None or last[1] is not None:
            raise _wrong(f"has the marker {first[0]} without its other end")
        if name not in TABLES:
            raise _wrong(f"has a table {name}, and there are only {', '.join(TABLES)}")
        if name in places:
            raise _wrong(f"has the table {name} twice")
        places[name] = slice(first.end(), last.start())
    if not places:
        raise _wrong("has no table at all")
    return places


def _wrong(what: str) -> InputError:
    return InputError(f"the README {what}", "mend its markers")
