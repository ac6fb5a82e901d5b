"""A part of the examination on a GPU, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.report.markup import Table

PASSED, FAILED, ABSENT = "passed", "failed", "not run"


class UnavailableError(Exception):
    """A part cannot be run here; the message says why, and what would let it."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """What came of a part.

    Attributes
    ----------
    name : str
        As the report has it.
    state : str
        `PASSED`, `FAILED` or `ABSENT`.
    why : str
        Why it was not run, or why it broke off; empty otherwise.
    failures : tuple of str
        What is not as it should be, a line each.
    figures : mapping of str to object
        What was measured, as plain data.
    tables : tuple of Table
        The same to be read.
    """

    name: str
    state: str
    why: str = ""
    failures: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data, without the tables."""
        return {name: value for name, value in asdict(self).items() if name != "tables"}


def judged(
    name: str,
    failures: list[str],
    figures: dict[str, Any],
    *tables: Table,
) -> Part:
    """Return a part that ran to its end."""
    return Part(
        name=name,
        state=FAILED if failures else PASSED,
        failures=tuple(failures),
        figures=figures,
        tables=tables,
    )
