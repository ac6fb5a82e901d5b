"""What a run does, and what it says about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.figures import Results
from benchmarks.judging.budgets import Budget, Budgets
from benchmarks.judging.judge import State, judge
from benchmarks.measuring.recordings import MANY, SPEECH_VARIABLE
from benchmarks.measuring.speed import REFERENCE
from benchmarks.peers.contestants import BATCH_1, BY_DEFAULT, OWN
from benchmarks.plan import (
    FETCHED,
    FEW,
    FURTHER,
    FURTHER_CELLS,
    IN_FULL_ONLY,
    KINDS,
    NOT_ASKED_FOR,
    OTHER_SPEECH,
    QUICK_CELLS,
    cells,
    chosen,
    further_name,
    plan,
)
from benchmarks.steps import Found, Step, Tick, thread_counts
from benchmarks.transcription_steps import BEAMS, DEFAULTS

NOTHING = Budgets(ceilings={}, margins={})


@pytest.fixture(params=[True, False], ids=["further speech", "fetched speech only"])
def _speech(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if request.param:
        (tmp_path / "manifest.tsv").write_text("file\tlanguage\treference\n")
        monkeypatch.setenv(SPEECH_VARIABLE, str(tmp_path))
    else:
        monkeypatch.delenv(SPEECH_VARIABLE, raising=False)


speech = pytest.mark.usefixtures("_speech")


def planned(*, quick: bool) -> tuple[list[Step], dict[str, str]]:
    return plan(quick=quick, budgets=NOTHING, output=Path("output"))


def covered(steps: Sequence[Step]) -> set[str]:
    return {start for step in steps for start in step.covers}


def is_below(name: str, starts: set[str]) -> bool:
    return any(name == start or name.startswith(f"{start}/") for start in starts)


@speech
def test_the_quick_plan_explains_what_only_the_full_one_measures() -> None:
    full, not_in_full = planned(quick=False)
    quick, missing = planned(quick=True)
    for start in covered(full):
        assert is_below(start, covered(quick) | missing.keys()), start
    for start, why in not_in_full.items():
        assert missing[start] in (why, IN_FULL_ONLY)
    assert covered(quick) <= covered(full)


@speech
@pytest.mark.parametrize("quick", [True, False])
def test_nothing_is_both_measured_and_missing(quick: bool) -> None:
    steps, missing = planned(quick=quick)
    measured = covered(steps)
    assert not [start for start in measured if is_below(start, set(missing))]
    assert not [name for name in measured_in_quick(steps) if quick and is_below(name, set(missing))]
    below = {start: why for start, why in missing.items() if is_below(start, measured)}
    assert set(below.values()) <= {IN_FULL_ONLY}


def measured_in_quick(steps: Sequence[Step]) -> set[str]:
    """Return the names of the figures of speed that the quick run has."""
    return {
        f"{start}/{subject}"
        for step in steps
        if step.kind == "speed"
        for start in step.covers
        for cell, subjects in QUICK_CELLS.items()
        if start.endswith(cell.name)
        for subject in subjects
    }


@speech
@pytest.mark.parametrize("quick", [True, False])
def test_no_two_steps_measure_the_same(quick: bool) -> None:
    steps, _ = planned(quick=quick)
    starts = [start for step in steps for start in step.covers]
    for start in starts:
        assert sum(is_below(start, {other}) for other in starts) == 1, start


@speech
@pytest.mark.parametrize("quick", [True, False])
def test_each_step_is_of_a_kind_and_takes_its_time(quick: bool) -> None:
    steps, _ = planned(quick=quick)
    assert {step.kind for step in steps} == set(KINDS)
    assert all(step.seconds > 0 and step.ticks > 0 for step in steps)
    assert len({step.name for step in steps}) == len(steps)


def test_the_quick_run_takes_less_than_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SPEECH_VARIABLE, raising=False)
    steps, _ = planned(quick=True)
    assert sum(step.seconds for step in steps) < 600


def test_recordings_of_budgets_that_are_not_there_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text("file\tlanguage\treference\n")
    name = further_name(tmp_path)
    assert name.startswith(f"{FURTHER} ")
    figure = f"accuracy/{name}/greedy/en WER"
    budgets = Budgets(ceilings={figure: Budget(figure=figure, ceiling=1)}, margins={})

    def planned_by(*, quick: bool) -> tuple[set[str], dict[str, str]]:
        steps, missing = plan(quick=quick, budgets=budgets, output=Path("output"))
        return covered(steps), missing

    monkeypatch.delenv(SPEECH_VARIABLE, raising=False)
    assert planned_by(quick=False)[1] == {f"accuracy/{name}": OTHER_SPEECH}
    assert f"accuracy/{FETCHED}/beam 5" in planned_by(quick=False)[0]
    monkeypatch.setenv(SPEECH_VARIABLE, str(tmp_path))
    measured, missing = planned_by(quick=False)
    assert missing == {}
    assert f"accuracy/{name}/beam 5" in measured
    measured, missing = planned_by(quick=True)
    assert f"accuracy/{name}/greedy" in measured
    assert missing[f"accuracy/{name}/greedy/differing files"] == IN_FULL_ONLY
    manifest.write_text("other recordings")
    assert planned_by(quick=True)[1][f"accuracy/{name}"] == OTHER_SPEECH


@speech
def test_no_budget_of_the_full_run_is_broken_by_the_quick_one() -> None:
    """A quick run transcribes with fewer programs, whose figures nothing else explains."""
    full, _ = planned(quick=False)
    names = [
        f"{start}/wheel under CPython"
        for step in full
        if step.kind == "speed"
        for start in step.covers
    ]
    steps, missing = planned(quick=True)
    measured = measured_in_quick(steps)
    held = {name: Budget(figure=name, ceiling=1) for name in names if name not in measured}
    results = Results(revision="", date="", machine={}, figures=(), sizes={}, unmeasured=missing)
    verdicts = judge(results, Budgets(ceilings=held, margins={}))
    assert [one.figure for one in verdicts if one.state is State.BROKEN] == []


def test_the_full_run_has_every_cell() -> None:
    full = cells(quick=False)
    ways = len(BEAMS) * len(thread_counts())
    assert len({cell.name for cell in full}) == len(full) == 2 * ways + len(FURTHER_CELLS)
    # In it, what CI measures is measured in the same way.
    assert full.keys() >= QUICK_CELLS.keys()
    assert cells(quick=True) == QUICK_CELLS
    for cell in full:
        assert cell.decoding in {*BEAMS, DEFAULTS}
        assert cell.threads in thread_counts()
        assert 1 <= cell.rounds <= cell.most_rounds


def test_whoever_is_named_is_compared_with_the_reference() -> None:
    for names in (*QUICK_CELLS.values(), *FURTHER_CELLS.values()):
        assert REFERENCE in names
        assert len(names) > 1
    # CI has no peers, and the whole run the best of them wherever it has not all.
    assert all(OWN.issuperset(names) for names in QUICK_CELLS.values())
    assert not OWN.issuperset(FEW)
    for names in (*QUICK_CELLS.values(), *FURTHER_CELLS.values()):
        assert {*BY_DEFAULT, BATCH_1}.issuperset(names)
        assert len(set(names)) == len(names)


def names_by_cell(length: str) -> dict[str, set[str]]:
    found = cells(quick=False).items()
    return {cell.name: set(names) for cell, names in found if cell.length == length}


def test_many_recordings_are_given_in_one_call_by_the_whole_run() -> None:
    (names,) = names_by_cell(MANY).values()
    assert names_by_cell(MANY) == {"many/greedy/all threads": names}
    assert names == {*FEW, "faster-whisper int8 batched", "whisper.cpp q8_0"}
    assert not [cell for cell in QUICK_CELLS if cell.length == MANY]


def test_one_window_after_the_other_is_compared_where_it_is_named() -> None:
    long = names_by_cell("long")
    assert long["long/greedy/all threads"] == {*BY_DEFAULT, BATCH_1}
    assert long["long/default options/all threads"] == {
        *FEW,
        "faster-whisper int8 batched",
        BATCH_1,
    }
    with_it = [names for names in cells(quick=False).values() if BATCH_1 in names]
    assert len(with_it) == 2


def test_ten_minutes_are_transcribed_in_every_way() -> None:
    long = {(cell.decoding, cell.threads) for cell in cells(quick=False) if cell.length == "long"}
    # With the default options on one thread, openai-whisper would take a quarter of an hour.
    assert long == {
        *(("greedy", threads) for threads in thread_counts()),
        (DEFAULTS, "all threads"),
    }


def test_busy_neighbours_are_one_and_two() -> None:
    beside = [cell for cell in cells(quick=False) if cell.neighbours]
    assert [cell.neighbours for cell in beside] == [1, 2]
    assert [cell.name.rpartition("/")[2] for cell in beside] == [
        "all threads beside 1 busy",
        "all threads beside 2 busy",
    ]


def step(kind: str, *covers: str) -> Step:
    def work(_: Tick) -> Found:
        raise AssertionError("no plan runs anything")

    return Step(kind=kind, name=kind, covers=covers, seconds=1, work=work)


def test_what_was_not_chosen_is_told() -> None:
    size, start, speed = (
        step("size", "size"),
        step("start", "start/x", "memory/x"),
        step("speed", "a"),
    )
    assert chosen([size, start, speed], ["start"]) == (
        [start],
        {"size": NOT_ASKED_FOR, "a": NOT_ASKED_FOR},
    )
    assert chosen([size, start, speed], KINDS) == ([size, start, speed], {})


def test_what_another_step_covers_too_is_not_missing() -> None:
    kept, left_out = chosen([step("size", "size", "count/x"), step("count", "count/x")], ["count"])
    assert [one.kind for one in kept] == ["count"]
    assert left_out == {"size": NOT_ASKED_FOR}


@speech
@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_with_one_kind_all_others_are_explained(kind: str, quick: bool) -> None:
    steps, missing = planned(quick=quick)
    kept, left_out = chosen(steps, [kind])
    assert {one.kind for one in kept} == {kind}
    for start in covered(steps):
        assert is_below(start, covered(kept) | left_out.keys() | missing.keys())
    assert not [start for start in covered(kept) if is_below(start, set(left_out))]
