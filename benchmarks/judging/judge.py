"""Judge figures by their budgets."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.figures import Figure, Results
from benchmarks.judging.budgets import Budget, Budgets
from benchmarks.measuring.comparison import FEWEST_ROUNDS


class State(StrEnum):
    """What a verdict says; `NOISY` when the machine was too noisy to tell."""

    MET = "met"
    BROKEN = "broken"
    NOISY = "noisy"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a budget: the figure's numbers, its ceiling, and why it was not judged."""

    figure: str
    state: State
    ceiling: float
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    reason: str = ""


def judge(results: Results, budgets: Budgets) -> list[Verdict]:
    """Return a verdict for each budget, in the order of the file."""
    return [_judge_one(budget, results) for budget in budgets.ceilings.values()]


def _judge_one(budget: Budget, results: Results) -> Verdict:
    name = budget.figure
    figure = results.figure(name)
    if figure:
        return judge_figure(figure, budget.ceiling)
    reasons = results.unmeasured.items()
    # The cold start is not below the warm one, whose name it continues.
    why = next((why for start, why in reasons if f"{name}/".startswith(f"{start}/")), None)
    # What nobody left out on purpose has vanished, and with it whatever it would have told.
    return Verdict(
        figure=name,
        state=State.BROKEN if why is None else State.UNMEASURED,
        ceiling=budget.ceiling,
        reason=why or "nothing measures it any more: mend that, or take its budget out",
    )


def judge_figure(figure: Figure, ceiling: float) -> Verdict:
    """Judge one figure by its ceiling.

    A figure without an interval is judged by its value. One with an interval is broken only when
    all of it lies above the ceiling, and met only when none of it does; the noise decides neither.
    """
    state, reason = _state(figure, ceiling)
    return Verdict(
        figure=figure.name,
        state=state,
        ceiling=ceiling,
        value=figure.value,
        low=figure.low,
        high=figure.high,
        unit=figure.unit,
        reason=reason,
    )


def _state(figure: Figure, ceiling: float) -> tuple[State, str]:
    has_interval = figure.low is not None and figure.high is not None
    low = figure.value if figure.low is None else figure.low
    high = figure.value if figure.high is None else figure.high
    if not all(map(math.isfinite, (figure.value, low, high))):
        return State.BROKEN, "it is no number"
    if has_interval and figure.rounds < FEWEST_ROUNDS:
        return State.NOISY, f"fewer than {FEWEST_ROUNDS} rounds"
    if high <= ceiling:
        return State.MET, ""
    if low > ceiling:
        return State.BROKEN, ""
    return State.NOISY, "the ceiling lies within what the noise makes of it"


def is_decided(figures: Sequence[Figure], budgets: Budgets) -> bool:
    """Whether more rounds would change nothing: each budget of `figures` is met or broken."""
    return all(
        judge_figure(figure, budgets.ceilings[figure.name].ceiling).state is not State.NOISY
        for figure in figures
        if figure.name in budgets.ceilings
    )
