"""Tables of what became of the budgets."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.figures import Results
from benchmarks.judging.judge import State, Verdict
from benchmarks.report import quantities
from benchmarks.report.compared_tables import interval_of_rounds
from benchmarks.report.markup import Row, Table, with_rows
from benchmarks.report.quantities import NOTHING

WORDS_OF_STATES = {
    State.BROKEN: "broken",
    State.NOISY: "undecided because of noise",
    State.UNMEASURED: "not measured",
    State.MET: "met",
}
"""In the order of their interest."""

_UNITS = {
    "size": "bytes",
    "start": "ratio",
    "memory": "ratio",
    "speed": "ratio",
    "part": "ratio",
    "read": "MiB",
    "errors": "errors",
}
"""Of kinds of figures to their unit, as `benchmarks.figures` has them; others are counts."""

_RATES = (" WER", " CER")
"""What the names of figures of accuracy end with that are rates."""


def headline(verdicts: Sequence[Verdict]) -> str:
    """Return in a sentence whether all budgets are met."""
    if not verdicts:
        return "No budget was judged."
    if all(verdict.state is State.MET for verdict in verdicts):
        return f"All {len(verdicts)} budgets are met."
    counts = {state: sum(one.state is state for one in verdicts) for state in WORDS_OF_STATES}
    parts = [
        f"{counts[state]} {words}" for state, words in WORDS_OF_STATES.items() if counts[state]
    ]
    return f"Of {len(verdicts)} budgets: {', '.join(parts)}."


def verdict_table(
    verdicts: Sequence[Verdict], results: Results, title: str = "Budgets"
) -> list[Table]:
    """Return what became of each budget, those that are not met first.

    Parameters
    ----------
    verdicts : sequence of Verdict
        What became of them.
    results : Results
        What the run found, which has the numbers of rounds.
    title : str
        The table's title.
    """
    order = list(WORDS_OF_STATES)
    rounds = {figure.name: figure.rounds for figure in results.figures}
    rows = tuple(
        Row(
            cells=(
                verdict.figure,
                WORDS_OF_STATES[verdict.state],
                quantities.quantity(verdict.value, verdict.unit),
                _ceiling(verdict),
                _room(verdict),
                interval_of_rounds(
                    verdict.low, verdict.high, verdict.unit, rounds.get(verdict.figure, 0)
                ),
                verdict.reason,
            ),
            mark="" if verdict.state is State.MET else verdict.state.value,
        )
        for verdict in sorted(verdicts, key=lambda verdict: order.index(verdict.state))
    )
    columns = ("figure", "verdict", "value", "ceiling", "room", "interval", "reason")
    return with_rows(
        Table(title=title, columns=columns, numbers=frozenset({2, 3, 4, 5}), rows=rows)
    )


def unmeasured_budgets(verdicts: Sequence[Verdict]) -> list[Table]:
    """Return a table of the budgets for each reason that they were not measured for."""
    groups: dict[str, list[Row]] = {}
    for verdict in verdicts:
        if verdict.state is State.UNMEASURED:
            row = Row(cells=(verdict.figure, _ceiling(verdict)), mark=verdict.state.value)
            groups.setdefault(verdict.reason, []).append(row)
    return [
        Table(
            title=f"{len(rows)} not measured: {reason}",
            columns=("figure", "ceiling"),
            rows=tuple(rows),
        )
        for reason, rows in groups.items()
    ]


def _ceiling(verdict: Verdict) -> str:
    # Without a figure a verdict has no unit.
    unit = _unit(verdict.figure) if verdict.value is None else verdict.unit
    return quantities.quantity(verdict.ceiling, unit)


def _unit(name: str) -> str:
    """Return the unit that a figure of that name has."""
    kind = name.partition("/")[0]
    if kind == "accuracy" and name.endswith(_RATES):
        return "errors"
    return _UNITS.get(kind, "")


def _room(verdict: Verdict) -> str:
    if verdict.value is None or not verdict.ceiling:
        return NOTHING
    return quantities.percentage(1 - verdict.value / verdict.ceiling)
