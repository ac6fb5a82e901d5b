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
    """What a verdict says."""

    MET = "met"
    BROKEN = "broken"
    NOISY = "noisy"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of a budget.

    Attributes
    ----------
    figure : str
        Name of the figure.
    state : State
        Whether it is met; `State.NOISY` when the machine was too noisy to tell.
    ceiling : float
        What the figure may be at most.
    value, low, high : float or None
        The figure and its interval, where it has them.
    unit : str
        The figure's.
    reason : str
        Why it could not be judged; empty otherwise.
    """

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
    figure = results.figure(budget.figure)
    if figure:
        return judge_figure(figure, budget.ceiling)
    why = next(
        (why for start, why in results.unmeasured.items() if _is_below(budget.figure, start)), None
    )
    # What nobody left out on purpose has vanished, and with it whatever it would have told.
    return Verdict(
        figure=budget.figure,
        state=State.BROKEN if why is None else State.UNMEASURED,
        ceiling=budget.ceiling,
        reason=why or "nothing measures it any more: mend that, or take its budget out",
    )


def _is_below(name: str, start: str) -> bool:
    return name == start or name.startswith(f"{start}/")


def judge_figure(figure: Figure, ceiling: float) -> Verdict:
    """Judge one figure by its ceiling.

    A figure without an interval is judged by its value. One with an interval is broken only when
    all of it lies above the ceiling, and met only when none of it does; the noise decides neither.
    """
    state, reason = State.MET if figure.value <= ceiling else State.BROKEN, ""
    numbers = [end for end in (figure.value, figure.low, figure.high) if end is not None]
    if not all(map(math.isfinite, numbers)):
        state, reason = State.BROKEN, "it is no number"
    elif figure.low is not None and figure.high is not None:
        if figure.rounds < FEWEST_ROUNDS:
            state, reason = State.NOISY, f"fewer than {FEWEST_ROUNDS} rounds"
        elif figure.low > ceiling:
            state = State.BROKEN
        elif figure.high > ceiling:
            state, reason = State.NOISY, "the ceiling lies within what the noise makes of it"
        else:
            state = State.MET
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


def is_decided(figures: Sequence[Figure], budgets: Budgets) -> bool:
    """Whether more rounds would change nothing: each budget of `figures` is met or broken."""
    return all(
        judge_figure(figure, budgets.ceilings[figure.name].ceiling).state is not State.NOISY
        for figure in figures
        if figure.name in budgets.ceilings
    )
