"""Running a plan, whose steps do nothing here."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tqdm.std import tqdm

import example_results as example
from benchmarks import run as module
from benchmarks.figures import Figure
from benchmarks.judging.budgets import Budgets
from benchmarks.plan import KINDS, NOT_ASKED_FOR, speech_name
from benchmarks.run import run
from benchmarks.steps import Found, Step, Tick
from buildkit.errors import ToolError

BUDGETS = Budgets(ceilings={}, margins={})


class Plan:
    """Stands for the real plan, and keeps what it was asked for."""

    def __init__(self, *steps: Step) -> None:
        self.steps = list(steps)
        self.output = Path()
        self.quick: bool | None = None

    def __call__(
        self, *, quick: bool, budgets: Budgets, output: Path
    ) -> tuple[list[Step], dict[str, str]]:
        assert budgets is BUDGETS
        assert output.is_dir()
        self.quick, self.output = quick, output
        return self.steps, {"accuracy": "planned so"}


def step(kind: str, found: Found, *, ticks: int = 1, said: int = 1, seconds: float = 1) -> Step:
    def work(tick: Tick) -> Found:
        for _ in range(said):
            tick()
        return found

    return Step(
        kind=kind, name=f"the {kind}", covers=(kind,), seconds=seconds, ticks=ticks, work=work
    )


def put(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> Plan:
    plan = Plan(*steps)
    monkeypatch.setattr(module, "plan", plan)
    monkeypatch.setattr(module, "describe_revision", lambda _: ("a" * 40, "2026-11-24"))
    monkeypatch.setattr(module, "describe_machine", lambda: example.MACHINE)
    return plan


SIZE = Found(
    figures=[Figure(name="size/wheel", value=1)],
    sizes={"wheel": example.sizes()["wheel"]},
    unmeasured={"size/other": "it is not there"},
)
SERIES = example.made("start/--version", {"native": 1.9, "python -c pass": 1.0}, 0.011)
START = Found(figures=example.figures_of([SERIES]), series=SERIES)


@pytest.mark.parametrize("quick", [True, False])
def test_all_that_is_found_is_put_together(monkeypatch: pytest.MonkeyPatch, quick: bool) -> None:
    plan = put(monkeypatch, step("size", SIZE), step("start", START))
    results, failures = run(BUDGETS, quick=quick)
    assert plan.quick is quick
    assert (results.revision, results.date) == ("a" * 40, "2026-11-24")
    assert results.machine == {**example.MACHINE, "speech": speech_name()}
    assert [one.name for one in results.figures] == ["size/wheel", "start/--version/native"]
    assert results.series == tuple(SERIES)
    assert results.sizes == SIZE.sizes
    assert results.unmeasured == {"accuracy": "planned so", "size/other": "it is not there"}
    assert failures == []
    assert not plan.output.exists()


def test_only_the_chosen_kinds_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_: Tick) -> Found:
        raise AssertionError("it was not asked for")

    unasked = Step(kind="start", name="starts", covers=("start",), seconds=1, work=work)
    put(monkeypatch, step("size", SIZE), unasked)
    results, _ = run(BUDGETS, quick=True, kinds=["size"])
    assert results.figures == tuple(SIZE.figures)
    assert results.unmeasured["start"] == NOT_ASKED_FOR
    assert set(KINDS) >= {"size", "start"}


@pytest.mark.parametrize("said", [0, 1, 3, 7])
def test_the_bar_ends_at_its_end(monkeypatch: pytest.MonkeyPatch, said: int) -> None:
    """More rounds than planned, or fewer, leave the bar where the next step begins."""
    seen: list[float] = []

    def shown_bar(**options: Any) -> tqdm[NoReturn]:
        bar = tqdm(**{**options, "disable": False, "file": io.StringIO()})
        update = bar.update

        def recorded(n: float) -> None:
            update(n)
            seen.append(bar.n)

        monkeypatch.setattr(bar, "update", recorded)
        return bar

    monkeypatch.setattr(module, "tqdm", shown_bar)
    put(
        monkeypatch,
        step("size", SIZE, seconds=30, ticks=3, said=said),
        step("start", START, seconds=10, ticks=2, said=said),
    )
    run(BUDGETS, quick=True)
    assert seen == sorted(seen)
    assert seen[said] == pytest.approx(30)
    assert seen[-1] == pytest.approx(40)


def test_a_log_gets_a_line_for_each_step(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(monkeypatch, step("size", SIZE), step("start", START))
    run(BUDGETS, quick=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "benchmarks: the size\nbenchmarks: the start\n"


def failing(error: BaseException) -> Step:
    def work(_: Tick) -> Found:
        raise error

    return Step(kind="start", name="starts", covers=("start", "memory"), seconds=1, work=work)


def test_a_step_that_fails_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = put(
        monkeypatch, failing(ToolError("something is missing", "get it")), step("size", SIZE)
    )
    results, failures = run(BUDGETS, quick=True)
    assert failures == ["starts: something is missing: get it"]
    assert results.figures == tuple(SIZE.figures)
    why = "it failed: something is missing: get it"
    assert results.unmeasured == {
        "accuracy": "planned so",
        "size/other": "it is not there",
        "start": why,
        "memory": why,
    }
    assert not plan.output.exists()


def test_what_fails_in_another_way_does_not_either(monkeypatch: pytest.MonkeyPatch) -> None:
    error = FileNotFoundError(2, "No such file", "a.txt")
    put(monkeypatch, failing(error), step("size", SIZE))
    results, failures = run(BUDGETS, quick=True)
    assert len(failures) == 1
    assert results.figures == tuple(SIZE.figures)


def test_a_defect_and_ctrl_c_do_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (KeyboardInterrupt(), ZeroDivisionError()):
        plan = put(monkeypatch, failing(error), step("size", SIZE))
        with pytest.raises(type(error)):
            run(BUDGETS, quick=True)
        assert not plan.output.exists()
