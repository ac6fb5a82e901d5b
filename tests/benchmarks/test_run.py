"""Running a plan, whose steps do nothing here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import example_results as example
from benchmarks import run as module
from benchmarks.figures import Figure
from benchmarks.judging.budgets import Budgets
from benchmarks.plan import NOT_ASKED_FOR, speech_name
from benchmarks.run import run
from benchmarks.steps import Found, Step
from buildkit.errors import ToolError

BUDGETS = Budgets(ceilings={}, margins={})
SIZE = Found(
    figures=[Figure(name="size/wheel", value=1)],
    sizes={"wheel": example.sizes()["wheel"]},
    unmeasured={"size/other": "it is not there"},
)
SERIES = example.made("start/--version", {"native": 1.9, "python -c pass": 1.0}, 0.011)
START = Found(figures=example.figures_of([SERIES]), series=SERIES)

Put = Callable[..., list[Path]]


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """Return a function that puts steps in the place of the plan's, and returns its folders."""

    def put(*steps: Step) -> list[Path]:
        folders: list[Path] = []

        def plan(
            *, quick: bool, budgets: Budgets, output: Path
        ) -> tuple[list[Step], dict[str, str]]:
            assert quick
            assert budgets is BUDGETS
            assert output.is_dir()
            folders.append(output)
            return list(steps), {"accuracy": "planned so"}

        monkeypatch.setattr(module, "plan", plan)
        monkeypatch.setattr(module, "describe_revision", lambda _: ("a" * 40, "2026-11-24"))
        monkeypatch.setattr(module, "describe_machine", lambda: example.MACHINE)
        return folders

    return put


def step(kind: str, found: Found) -> Step:
    return Step(kind=kind, name=f"the {kind}", covers=(kind,), seconds=1, work=lambda: found)


def failing(error: BaseException) -> Step:
    def work() -> Found:
        raise error

    return Step(kind="start", name="starts", covers=("start", "memory"), seconds=1, work=work)


def test_all_that_is_found_is_put_together_and_told(
    put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = put(step("size", SIZE), step("start", START))
    results, failures = run(BUDGETS, quick=True)
    assert (results.revision, results.date) == ("a" * 40, "2026-11-24")
    assert results.machine == {**example.MACHINE, "speech": speech_name()}
    assert [one.name for one in results.figures] == ["size/wheel", "start/--version/native"]
    assert (results.series, results.sizes) == (tuple(SERIES), SIZE.sizes)
    assert results.unmeasured == {"accuracy": "planned so", "size/other": "it is not there"}
    assert failures == []
    assert not folders[0].exists()
    # A log gets a line for each step.
    assert tuple(capsys.readouterr()) == ("", "benchmarks: the size\nbenchmarks: the start\n")


def test_only_the_chosen_kinds_run(put: Put) -> None:
    put(step("size", SIZE), failing(AssertionError("it was not asked for")))
    results, _ = run(BUDGETS, quick=True, kinds=["size"])
    assert results.figures == tuple(SIZE.figures)
    assert results.unmeasured["start"] == NOT_ASKED_FOR


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ToolError("it is missing", "get it"), "it is missing: get it"),
        (FileNotFoundError(2, "No such\nfile", "a.txt"), "[Errno 2] No such file: 'a.txt'"),
    ],
)
def test_a_step_that_fails_does_not_end_the_run(put: Put, error: Exception, why: str) -> None:
    folders = put(failing(error), step("size", SIZE))
    results, failures = run(BUDGETS, quick=True)
    assert failures == [f"starts: {why}"]
    assert results.figures == tuple(SIZE.figures)
    assert {results.unmeasured[name] for name in ("start", "memory")} == {f"it failed: {why}"}
    assert not folders[0].exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
def test_a_defect_and_ctrl_c_do_end_it(put: Put, error: BaseException) -> None:
    folders = put(failing(error), step("size", SIZE))
    with pytest.raises(type(error)):
        run(BUDGETS, quick=True)
    assert not folders[0].exists()
