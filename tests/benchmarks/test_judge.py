"""Verdicts on figures: quiet runs break nothing, regressions do."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

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


def budgets_of(*names: str, ceiling: float = CEILING) -> Budgets:
    return Budgets(
        ceilings={name: Budget(figure=name, ceiling=ceiling) for name in names},
        margins={"speed": Margin(relative=0.2, absolute=0)},
    )


def results_of(*figures: Figure, unmeasured: dict[str, str] | None = None) -> Results:
    return Results(
        revision="a" * 40,
        date="",
        machine={},
        figures=figures,
        sizes={},
        unmeasured=unmeasured or {},
    )


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (0.70, 0.79, State.MET),
        (0.70, CEILING, State.MET),
        (0.70, 0.81, State.NOISY),
        (0.79, 0.99, State.NOISY),
        (CEILING, 0.99, State.NOISY),
        (0.81, 0.99, State.BROKEN),
    ],
)
def test_it_is_broken_only_when_the_whole_interval_is_above(
    low: float, high: float, state: State
) -> None:
    verdict = judge_figure(interval(low, high), CEILING)
    assert verdict.state is state
    assert bool(verdict.reason) == (state is State.NOISY)
    assert (verdict.figure, verdict.ceiling, verdict.unit) == (NAME, CEILING, "ratio")
    assert (verdict.value, verdict.low, verdict.high) == ((low + high) / 2, low, high)


def test_a_figure_without_an_interval_is_judged_by_its_value() -> None:
    for value, state in ((0.79, State.MET), (CEILING, State.MET), (0.81, State.BROKEN)):
        assert judge_figure(Figure(name=NAME, value=value), CEILING).state is state


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.2), (0.7, 0.9), (3.0, 4.0)])
def test_too_few_rounds_decide_nothing(low: float, high: float) -> None:
    verdict = judge_figure(interval(low, high, FEWEST_ROUNDS - 1), CEILING)
    assert verdict.state is State.NOISY
    assert verdict.reason == f"fewer than {FEWEST_ROUNDS} rounds"


def test_every_budget_has_a_verdict_in_the_order_of_the_file() -> None:
    names = ["speed/c", "speed/a", "speed/b"]
    figures = [Figure(name=name, value=number) for number, name in enumerate(reversed(names))]
    verdicts = judge(results_of(*figures), budgets_of(*names))
    assert [one.figure for one in verdicts] == names
    assert [one.value for one in verdicts] == [2, 1, 0]
    assert [one.state for one in verdicts] == [State.BROKEN, State.BROKEN, State.MET]


def test_what_was_left_out_with_a_reason_is_not_broken() -> None:
    name = "accuracy/further speech/greedy/en WER"
    for start in ("accuracy", "accuracy/further speech/greedy", name):
        (verdict,) = judge(results_of(unmeasured={start: "it takes hours"}), budgets_of(name))
        assert (verdict.state, verdict.reason) == (State.UNMEASURED, "it takes hours")
        assert verdict.value is None
        assert verdict.ceiling == CEILING


def test_a_reason_is_for_whole_parts_of_names() -> None:
    """The cold start does not hide behind the reason of the warm one, whose name it continues."""
    (verdict,) = judge(
        results_of(unmeasured={"start/--version": "it was not asked for"}),
        budgets_of("start/--version, cold/native"),
    )
    assert verdict.state is State.BROKEN


def test_a_figure_that_vanished_is_broken() -> None:
    other = Figure(name="speed/other", value=1)
    (verdict,) = judge(results_of(other, unmeasured={"size": "so"}), budgets_of(NAME))
    assert verdict.state is State.BROKEN
    assert "nothing measures it any more" in verdict.reason


def test_what_was_measured_is_judged_whatever_the_reasons_say() -> None:
    (verdict,) = judge(
        results_of(interval(0.9, 1.0), unmeasured={"speed": "not"}), budgets_of(NAME)
    )
    assert verdict.state is State.BROKEN


def test_only_noise_asks_for_more_rounds() -> None:
    budgets = budgets_of(NAME)
    unheld = Figure(name="speed/peer", value=1, low=0.1, high=2.0, rounds=6)
    assert is_decided([interval(0.1, 0.2), unheld], budgets)
    assert is_decided([interval(0.9, 1.2), unheld], budgets)
    assert not is_decided([unheld, interval(0.7, 0.9)], budgets)
    assert not is_decided([interval(0.1, 0.2, FEWEST_ROUNDS - 1)], budgets)
    assert is_decided([], budgets)


def noisy(dice: random.Random) -> float:
    """Return the factor of a sample: log-normal, and now and then three times as long."""
    return dice.lognormvariate(0, 0.04) * (3 if dice.random() < 0.03 else 1)


def one_run(dice: random.Random, ratio: float) -> State:
    """Measure in rounds as `measure_cell` does, more of them while nothing is decided."""
    cell = next(cell for cell in QUICK_CELLS if cell.most_rounds > cell.rounds)
    budgets = budgets_of(NAME)
    samples: dict[str, list[float]] = {"native": [], REFERENCE: []}
    while True:
        samples["native"].append(ratio * noisy(dice))
        samples[REFERENCE].append(noisy(dice))
        count = len(samples[REFERENCE])
        if count < cell.rounds:
            continue
        figures = ratio_figures(series(samples), REFERENCE)
        if is_decided(figures, budgets) or count >= cell.most_rounds:
            return judge_figure(figures[0], CEILING).state


def series(samples: dict[str, list[float]]) -> list[Series]:
    return [
        Series(measurement=NAME.rpartition("/")[0], subject=name, unit="s", samples=tuple(values))
        for name, values in samples.items()
    ]


def states(seed: int, run: Callable[[random.Random], State]) -> Sequence[State]:
    dice = random.Random(seed)
    return [run(dice) for _ in range(RUNS)]


def test_a_thousand_quiet_runs_break_nothing() -> None:
    found = states(1, lambda dice: one_run(dice, 0.9 * CEILING))
    assert found.count(State.BROKEN) == 0
    # Else the budgets would hold nothing.
    assert found.count(State.MET) >= 0.9 * RUNS


def test_a_regression_is_found_in_nearly_every_run() -> None:
    found = states(2, lambda dice: one_run(dice, 1.3 * CEILING))
    assert found.count(State.BROKEN) >= 0.95 * RUNS
    assert found.count(State.MET) == 0


def test_right_at_the_ceiling_runs_are_seldom_broken() -> None:
    """Each further round is another chance of a false alarm; all together they stay few."""
    found = states(3, lambda dice: one_run(dice, CEILING))
    assert found.count(State.BROKEN) <= 0.08 * RUNS


def test_what_is_no_number_is_broken() -> None:
    nothing = float("nan")
    for low, high in ((nothing, nothing), (0.1, nothing), (0.1, float("inf"))):
        assert judge_figure(interval(low, high), CEILING).state is State.BROKEN
    assert judge_figure(Figure(name=NAME, value=nothing), CEILING).state is State.BROKEN
