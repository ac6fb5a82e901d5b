"""What a run does, and what it says about the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from benchmarks.judging.budgets import Budget, Budgets
from benchmarks.measuring.recordings import MANY, SPEECH_VARIABLE
from benchmarks.measuring.speed import REFERENCE
from benchmarks.peers.contestants import BATCH_1, BY_DEFAULT, OWN
from benchmarks.plan import (
    BATCHED,
    FETCHED,
    FEW,
    FURTHER_CELLS,
    IN_FULL_ONLY,
    KINDS,
    NOT_ASKED_FOR,
    OTHER_SPEECH,
    OURS,
    QUICK_CELLS,
    cells,
    chosen,
    further_name,
    plan,
)
from benchmarks.steps import Found, Step, thread_counts
from benchmarks.transcription_steps import BEAMS, DEFAULTS

NOTHING = Budgets(ceilings={}, margins={})


@pytest.fixture(params=[True, False], ids=["further speech", "fetched speech only"])
def _speech(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(SPEECH_VARIABLE, raising=False)
    if request.param:
        (tmp_path / "manifest.tsv").write_text("file\tlanguage\treference\n")
        monkeypatch.setenv(SPEECH_VARIABLE, str(tmp_path))


speech = pytest.mark.usefixtures("_speech")


def planned(*, quick: bool, budgets: Budgets = NOTHING) -> tuple[list[Step], dict[str, str]]:
    return plan(quick=quick, budgets=budgets, output=Path("output"))


def covered(steps: Sequence[Step]) -> set[str]:
    return {start for step in steps for start in step.covers}


def is_below(name: str, starts: Iterable[str]) -> bool:
    return any(f"{name}/".startswith(f"{start}/") for start in starts)


@speech
def test_the_quick_plan_explains_what_only_the_full_one_measures() -> None:
    (full, nothing), (quick, missing) = planned(quick=False), planned(quick=True)
    assert nothing == {}
    assert set(missing.values()) == {IN_FULL_ONLY}
    assert all(is_below(start, covered(quick) | missing.keys()) for start in covered(full))
    assert covered(quick) <= covered(full)
    # It transcribes with fewer programs, whose figures nothing else explains.
    for cell, names in QUICK_CELLS.items():
        for start in (start for start in covered(quick) if start.endswith(cell.name)):
            there = [name for name in OURS if not is_below(f"{start}/{name}", missing)]
            assert there == [name for name in OURS if name in names]


@speech
@pytest.mark.parametrize("quick", [True, False])
def test_a_plan_measures_each_thing_once(quick: bool) -> None:
    steps, missing = planned(quick=quick)
    starts = [start for step in steps for start in step.covers]
    for start in starts:
        assert sum(is_below(start, [other]) for other in starts) == 1, start
        assert not is_below(start, missing)
    assert {step.kind for step in steps} == set(KINDS)
    assert all(step.seconds > 0 for step in steps)
    assert len({step.name for step in steps}) == len(steps)
    for kind in KINDS:
        kept, left_out = chosen(steps, [kind])
        assert {one.kind for one in kept} == {kind}
        assert covered(kept) | left_out.keys() == {*starts}
        assert not [start for start in covered(kept) if is_below(start, left_out)]


def test_the_quick_run_takes_less_than_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SPEECH_VARIABLE, raising=False)
    assert sum(step.seconds for step in planned(quick=True)[0]) < 600


def test_recordings_of_budgets_that_are_not_there_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    manifest = tmp_path / "manifest.tsv"
    manifest.write_text("file\tlanguage\treference\n")
    start = f"accuracy/{further_name(tmp_path)}"
    figure = f"{start}/greedy/en WER"
    budgets = Budgets(ceilings={figure: Budget(figure=figure, ceiling=1)}, margins={})
    monkeypatch.delenv(SPEECH_VARIABLE, raising=False)
    steps, missing = planned(quick=False, budgets=budgets)
    assert missing == {start: OTHER_SPEECH}
    assert f"accuracy/{FETCHED}/beam 5" in covered(steps)
    monkeypatch.setenv(SPEECH_VARIABLE, str(tmp_path))
    steps, missing = planned(quick=False, budgets=budgets)
    assert missing == {}
    assert f"{start}/beam 5" in covered(steps)
    steps, missing = planned(quick=True, budgets=budgets)
    assert f"{start}/greedy" in covered(steps)
    for name in ("beam 5", "greedy/differing files", "greedy/against float32"):
        assert missing[f"{start}/{name}"] == IN_FULL_ONLY
    manifest.write_text("other recordings")
    assert planned(quick=True, budgets=budgets)[1][start] == OTHER_SPEECH


def test_the_full_run_has_every_cell() -> None:
    full = cells(quick=False)
    assert cells(quick=True) == QUICK_CELLS
    # In it, what CI measures is measured in the same way.
    assert full.keys() >= QUICK_CELLS.keys()
    assert {cell.name: {*names} for cell, names in full.items()} == {
        **{
            f"{length}/{decoding}/{threads}": {*BY_DEFAULT}
            for length in ("short", "medium")
            for decoding in BEAMS
            for threads in thread_counts()
        },
        "long/greedy/all threads": {*BY_DEFAULT, BATCH_1},
        "long/greedy/1 thread": {*FEW},
        f"long/{DEFAULTS}/all threads": {*FEW, BATCHED, BATCH_1},
        f"{MANY}/greedy/all threads": {*FEW, BATCHED, "whisper.cpp q8_0"},
        "medium/greedy/all threads beside 1 busy": {*FEW},
        "medium/greedy/all threads beside 2 busy": {*FEW},
    }
    assert all(1 <= cell.rounds <= cell.most_rounds for cell in full)


def test_whoever_is_named_is_compared_with_the_reference() -> None:
    for names in (*QUICK_CELLS.values(), *FURTHER_CELLS.values()):
        assert {*BY_DEFAULT, BATCH_1} >= {*names} > {REFERENCE}
    # CI has no peers.
    assert all(OWN.issuperset(names) for names in QUICK_CELLS.values())


def test_what_was_not_chosen_is_told() -> None:
    def work() -> Found:
        raise AssertionError("no plan runs anything")

    size, count = (
        Step(kind=kind, name=kind, covers=covers, seconds=1, work=work)
        for kind, covers in (("size", ("size", "count/x")), ("count", ("count/x",)))
    )
    # What another step covers too is not missing.
    assert chosen([size, count], ["count"]) == ([count], {"size": NOT_ASKED_FOR})
    assert chosen([size, count], KINDS) == ([size, count], {})
