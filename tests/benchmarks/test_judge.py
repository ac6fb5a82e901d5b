"""Verdicts on figures: quiet runs break nothing, regressions do."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks.figures import Figure, Results, Series
from benchmarks.judging.budgets import Budget, Budgets, Margin
from benchmarks.judging.judge import State, is_decided, judge, judge_figure
from benchmarks.measuring.comparison import FEWEST_ROUNDS
from benchmarks.measuring.ratios import ratio_figures
from benchmarks.measuring.speed import REFERENCE
from benchmarks.plan import QUICK_CELLS

NAME = "speed/short/greedy/1 thread/native"
CEILING = 0.8
RUNS = 1000


def interval(low: float, high: float, rounds: int = FEWEST_ROUNDS) -> Figure:
    middle = (low + high) / 2
    return Figure(name=NAME, value=middle, unit="ratio", low=low, high=high, rounds=rounds)


def budgets_of(*names: str) -> Budgets:
    return Budgets(
        ceilings={name: Budget(figure=name, ceiling=CEILING) for name in names},
        margins={"speed": Margin(relative=0.2, absolute=0)},
    )


def results_of(*figures: Figure, unmeasured: dict[str, str] | None = None) -> Results:
    unmeasured = unmeasured or {}
    return Results(
        revision="a", date="", machine={}, figures=figures, sizes={}, unmeasured=unmeasured
    )


@pytest.mark.parametrize(
    ("figure", "state", "reason"),
    [
        (interval(0.70, 0.79), State.MET, ""),
        (interval(0.70, CEILING), State.MET, ""),
        (interval(0.70, 0.81), State.NOISY, "the ceiling lies within"),
        (interval(0.79, 0.99), State.NOISY, "the ceiling lies within"),
        (interval(CEILING, 0.99), State.NOISY, "the ceiling lies within"),
        (interval(0.81, 0.99), State.BROKEN, ""),
        # Too few rounds decide nothing.
        (interval(0.1, 0.2, FEWEST_ROUNDS - 1), State.NOISY, "fewer than 6 rounds"),
        (interval(3.0, 4.0, FEWEST_ROUNDS - 1), State.NOISY, "fewer than 6 rounds"),
        # One without an interval is judged by its value.
        (Figure(name=NAME, value=CEILING), State.MET, ""),
        (Figure(name=NAME, value=0.81), State.BROKEN, ""),
        (Figure(name=NAME, value=math.nan), State.BROKEN, "it is no number"),
        (interval(0.1, math.nan), State.BROKEN, "it is no number"),
        (interval(0.1, math.inf), State.BROKEN, "it is no number"),
    ],
)
def test_it_is_broken_only_when_the_whole_interval_is_above(
    figure: Figure, state: State, reason: str
) -> None:
    verdict = judge_figure(figure, CEILING)
    assert verdict.state is state
    assert verdict.reason.startswith(reason)
    assert bool(verdict.reason) == bool(reason)
    found = (verdict.figure, verdict.ceiling, verdict.unit, verdict.low, verdict.high)
    assert found == (NAME, CEILING, figure.unit, figure.low, figure.high)


def test_every_budget_has_a_verdict_in_the_order_of_the_file() -> None:
    names = ["speed/c", "speed/a", "speed/b"]
    figures = [Figure(name=name, value=number) for number, name in enumerate(reversed(names))]
    # What was measured is judged whatever the reasons say.
    results = results_of(*figures, unmeasured={"speed": "not"})
    verdicts = [(one.figure, one.value, one.state) for one in judge(results, budgets_of(*names))]
    broken, met = State.BROKEN, State.MET
    assert verdicts == [("speed/c", 2, broken), ("speed/a", 1, broken), ("speed/b", 0, met)]


@pytest.mark.parametrize(
    ("name", "start", "state"),
    [
        ("accuracy/further speech/greedy/en WER", "accuracy", State.UNMEASURED),
        ("accuracy/further speech/greedy/en WER", "accuracy/further speech", State.UNMEASURED),
        (NAME, NAME, State.UNMEASURED),
        # The cold start does not hide behind the reason of the warm one, whose name it continues.
        ("start/--version, cold/native", "start/--version", State.BROKEN),
        (NAME, "size", State.BROKEN),
    ],
)
def test_what_is_missing_without_a_reason_is_broken(name: str, start: str, state: State) -> None:
    (verdict,) = judge(results_of(unmeasured={start: "it takes hours"}), budgets_of(name))
    assert (verdict.state, verdict.value, verdict.ceiling) == (state, None, CEILING)
    is_broken = state is State.BROKEN
    assert verdict.reason.startswith("nothing measures it any more" if is_broken else "it takes")


def test_only_noise_asks_for_more_rounds() -> None:
    budgets = budgets_of(NAME)
    unheld = Figure(name="speed/peer", value=1, low=0.1, high=2.0, rounds=6)
    assert is_decided([interval(0.1, 0.2), unheld], budgets)
    assert is_decided([interval(0.9, 1.2), unheld], budgets)
    assert not is_decided([unheld, interval(0.7, 0.9)], budgets)
    assert not is_decided([interval(0.1, 0.2, FEWEST_ROUNDS - 1)], budgets)


def noisy(dice: random.Random) -> float:
    """Return the factor of a sample: log-normal, and now and then three times as long."""
    return dice.lognormvariate(0, 0.04) * (3 if dice.random() < 0.03 else 1)


def one_run(dice: random.Random, ratio: float) -> State:
    """Measure in rounds as `measure_cell` does, more of them while nothing is decided."""
    cell = next(cell for cell in QUICK_CELLS if cell.most_rounds > cell.rounds)
    factors = {"native": ratio, REFERENCE: 1.0}
    samples: dict[str, list[float]] = {name: [] for name in factors}
    measurement = NAME.rpartition("/")[0]
    for count in range(1, cell.most_rounds + 1):
        for name, factor in factors.items():
            samples[name].append(factor * noisy(dice))
        series = [
            Series(measurement=measurement, subject=name, unit="s", samples=tuple(values))
            for name, values in samples.items()
        ]
        figures = ratio_figures(series, REFERENCE)
        if count >= cell.rounds and is_decided(figures, budgets_of(NAME)):
            break
    return judge_figure(figures[0], CEILING).state


@pytest.mark.parametrize(
    ("ratio", "least_met", "most_met", "least_broken", "most_broken"),
    [
        # Quiet runs break nothing, and hold; a regression is found in nearly every run.
        (0.9 * CEILING, 0.9, 1, 0, 0),
        (1.3 * CEILING, 0, 0, 0.95, 1),
        # Each further round is another chance of a false alarm; all together they stay few.
        (CEILING, 0, 1, 0, 0.08),
    ],
)
def test_a_thousand_runs_are_judged_rightly(
    ratio: float, least_met: float, most_met: float, least_broken: float, most_broken: float
) -> None:
    dice = random.Random(1)
    states = [one_run(dice, ratio) for _ in range(RUNS)]
    assert least_met <= states.count(State.MET) / RUNS <= most_met
    assert least_broken <= states.count(State.BROKEN) / RUNS <= most_broken
