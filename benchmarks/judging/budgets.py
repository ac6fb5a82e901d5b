"""Read ``budgets.toml``, the ceilings of all figures, and lower them to what was reached.

A table for each kind of figure has the ceilings, by the rest of the figure's name::

    [speed]
    "medium/greedy/all threads/native" = 0.72
    "short/greedy/all threads/native" = { ceiling = 0.8, raised = 2026-11-30, why = "..." }

A ceiling that was raised says when and why. One that is gone is in the table ``removed``, by the
whole name of its figure, with the reason. The table ``margins`` has what `ratchet` leaves of room
above what was reached.
"""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from benchmarks.figures import Figure, Results
from buildkit.errors import UsageError

BUDGETS = Path(__file__).parents[1] / "budgets.toml"

_WHOLE = ("bytes", "")
"""Units of figures that are whole numbers."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What a figure may be at most, in its unit; and of its last raise, when it was and why."""

    figure: str
    ceiling: float
    raised: datetime.date | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Margin:
    """The room that a ceiling gets above what was reached: a part of that, and a constant."""

    relative: float
    absolute: float


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """The file: budgets by figure, margins by kind of figure, reasons by figure that has none."""

    ceilings: Mapping[str, Budget]
    margins: Mapping[str, Margin]
    removed: Mapping[str, str] = field(default_factory=dict)


def read_budgets(text: str, name: str = BUDGETS.name) -> Budgets:
    """Read the text of the file `name`; `UsageError` when it is not understood."""
    try:
        content = tomllib.loads(text)
        margins = {kind: Margin(**entry) for kind, entry in content.pop("margins").items()}
        removed = content.pop("removed", {})
        ceilings = {
            f"{kind}/{rest}": _budget(f"{kind}/{rest}", entry)
            for kind, table in content.items()
            for rest, entry in table.items()
        }
        for figure, why in removed.items():
            if not isinstance(why, str) or not why.strip():
                raise TypeError(f"{figure} does not say why it was removed")
        for kind, margin in margins.items():
            if not (is_number(margin.relative) and is_number(margin.absolute)):
                raise TypeError(f"the margin of {kind} is not of numbers")
    except (ValueError, AttributeError, KeyError, TypeError, OverflowError) as error:
        raise UsageError(f"{name} cannot be used: {error}", "correct it") from error
    kinds = sorted({figure.partition("/")[0] for figure in ceilings} - margins.keys())
    if kinds:
        missing = ", ".join(kinds)
        raise UsageError(f"{name} has no margin for {missing}", "add it to the table margins")
    return Budgets(ceilings=ceilings, margins=margins, removed=removed)


def _budget(figure: str, entry: Any) -> Budget:
    budget = Budget(figure=figure, **(entry if isinstance(entry, dict) else {"ceiling": entry}))
    if not is_number(budget.ceiling) or budget.ceiling < 0:
        raise TypeError(f"the ceiling of {figure} is not a number from 0 upwards")
    if not isinstance(budget.raised, datetime.date | None):
        raise TypeError(f"{figure} does not say at which day it was raised")
    if (budget.raised is None) != (not budget.why.strip()):
        raise TypeError(f"{figure} says only one of when it was raised and why")
    return budget


def is_number(value: object) -> bool:
    """Whether a value of TOML or JSON is a finite number."""
    # A bool is an int, too.
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def raised_without_reason(before: Budgets, after: Budgets) -> list[Budget]:
    """Return the budgets of `after` that are higher than in `before` and do not say why.

    The reason of an earlier raise is none for a new one.
    """
    return [
        budget
        for name, budget in after.ceilings.items()
        if (old := before.ceilings.get(name))
        and budget.ceiling > old.ceiling
        and (not budget.why or (budget.raised, budget.why) == (old.raised, old.why))
    ]


def removed_without_reason(before: Budgets, after: Budgets) -> list[Budget]:
    """Return the budgets of `before` that `after` lacks and does not say why."""
    kept = after.ceilings.keys() | after.removed.keys()
    return [budget for name, budget in before.ceilings.items() if name not in kept]


def ratchet(text: str, results: Results) -> str:
    """Return the text of the file with every ceiling lowered to what `results` reached.

    None is raised, and what was not measured keeps its ceiling; so does what stands in the file
    beside the numbers. A figure with an interval has reached the upper end of that.
    """
    budgets = read_budgets(text)
    document = tomlkit.parse(text)
    for name, budget in budgets.ceilings.items():
        kind, _, rest = name.partition("/")
        figure = results.figure(name)
        ceiling = ceiling_of(figure, budgets.margins[kind]) if figure else math.inf
        if ceiling < budget.ceiling:
            table: Any = document[kind]
            if isinstance(table[rest], dict):
                table[rest]["ceiling"] = ceiling
            else:
                table[rest] = ceiling
    return tomlkit.dumps(document)


def ceiling_of(figure: Figure, margin: Margin) -> float:
    """Return the ceiling for what was reached: whole for bytes and counts, else to three places."""
    reached = figure.value if figure.high is None else figure.high
    # A difference may be below zero; no ceiling is.
    ceiling = max(0.0, reached * (1 + margin.relative) + margin.absolute)
    return math.floor(ceiling) if figure.unit in _WHOLE else math.ceil(ceiling * 1000) / 1000
