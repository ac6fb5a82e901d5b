"""What steps make of what was measured."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

import pytest

import example_results as example
from benchmarks import steps, transcription_steps
from benchmarks.figures import Figure, Series
from benchmarks.judging.budgets import Budgets
from benchmarks.measuring import callgrind, counts
from benchmarks.measuring.parts import MORE_PARTS, STOCK
from benchmarks.measuring.ratios import ratio_figures
from benchmarks.measuring.recordings import MANY, Recording
from benchmarks.measuring.speed import REFERENCE, Cell
from benchmarks.measuring.starts import ACTIONS, COLD, PYTHON_ITSELF
from benchmarks.peers.contestants import BATCH_1, BY_DEFAULT, Contestant
from benchmarks.steps import compared, size_figures, thread_counts
from benchmarks.transcription_steps import cell_step
from buildkit.errors import ToolError
from buildkit.places import CHECKOUT

NOTHING = Budgets(ceilings={}, margins={})
PEER = "faster-whisper int8"
COUNTS = [Figure(name="count/x/files", value=1)]


def groups(*measurements: str, reference: str) -> list[list[Series]]:
    return [example.made(name, {"native": 0.5, reference: 1.0}, 3.0) for name in measurements]


def test_all_series_are_kept_and_ratios_where_there_is_a_reference() -> None:
    both = example.made("speed/x", {"native": 0.5, "other": 0.7, REFERENCE: 1.0}, 3.0)
    alone = example.made("faults/x", {"native": 0.5}, 3.0)
    found = compared([both, alone], REFERENCE)
    assert found.series == [*both, *alone]
    assert found.figures == ratio_figures(both, REFERENCE)


def test_sizes_are_figures_of_artefacts_and_their_components() -> None:
    sizes = example.sizes()
    expected = {f"size/{name}": one.bytes for name, one in sizes.items()}
    for name, one in sizes.items():
        expected |= {f"size/{name}/{part}": size for part, size in one.components.items()}
    figures = size_figures(sizes)
    assert {figure.name: figure.value for figure in figures} == expected
    assert len(figures) == len(expected)
    assert {figure.unit for figure in figures} == {"bytes"}


def test_what_a_step_finds_is_what_it_covers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that tell what is missing where a step is left out are those of its figures."""
    starts = [f"{kind}/{action}" for action in ACTIONS for kind in ("start", "memory")]
    read = [Series(measurement=f"read/{COLD}", subject="native", unit="MiB", samples=(9, 1, 2))]
    times = groups(f"start/{COLD}", reference=PYTHON_ITSELF)
    imports = ("start/import torch", "memory/import torch")
    part_names = [f"part/{part}/1 thread" for part in MORE_PARTS]
    for name, result in {
        "steps.measure_sizes": example.sizes(),
        "measuring.counts.measure_counts": COUNTS,
        "measuring.callgrind.measure_instructions": [
            Figure(name=f"count/{ACTIONS[0]}/instructions", value=1)
        ],
        "measuring.callgrind.provide_valgrind": None,
        "measuring.starts.measure_starts": groups(*starts, reference=PYTHON_ITSELF),
        "measuring.starts.measure_cold_start": (*times, read),
        "measuring.parts.measure_import": groups(*imports, reference=STOCK),
        "measuring.parts.measure_parts": groups(*part_names, reference=STOCK),
        "measuring.parts.measure_larger": groups(
            "part/window of small/all threads", reference=STOCK
        ),
    }.items():
        monkeypatch.setattr(f"benchmarks.{name}", lambda *_, result=result: result)
    done: list[steps.Step] = [steps.size_step(), steps.count_step(), *steps.start_steps()]
    done += [steps.part_step("1 thread", MORE_PARTS), steps.larger_step("small", 1)]
    for step in done:
        found = step.work()
        starts = [f"{start}/" for start in step.covers]
        for start in starts:
            assert any(one.name.startswith(start) for one in found.figures), start
        for one in found.figures:
            assert one.name.startswith(tuple(starts)), one.name
        assert {*found.unmeasured.values()} <= {"this machine mounts no AppImage"}
        if step.name == "cold starts":
            # What was read needs no reference.
            median = Figure(name=f"read/{COLD}/native", value=2, unit="MiB")
            assert found.figures == [*ratio_figures(times[0], PYTHON_ITSELF), median]
            assert found.series == [*times[0], *read]


def test_a_child_knows_the_parts_that_it_is_asked_for() -> None:
    for name in ("part_child", "fused_part_child"):
        text = (CHECKOUT / f"benchmarks/measuring/{name}.py").read_text()
        assert [part for part in MORE_PARTS if f'"{part}": ' not in text] == []


def test_without_callgrind_the_other_counts_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[Figure]:
        raise ToolError("there is no valgrind", "install it")

    monkeypatch.setattr(counts, "measure_counts", lambda _: COUNTS)
    monkeypatch.setattr(callgrind, "provide_valgrind", fail)
    found = steps.count_step().work()
    assert found.figures == COUNTS
    assert found.unmeasured == {
        f"count/{action}/instructions": "there is no valgrind: install it" for action in ACTIONS
    }


@pytest.mark.parametrize(
    ("names", "peers"),
    [(BY_DEFAULT, True), (("native", REFERENCE), False), (("native", PEER), True)],
)
def test_peers_take_part_where_all_do_or_one_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: tuple[str, ...], peers: bool
) -> None:
    asked: list[bool] = []

    def found(_: Path, *, peers: bool) -> list[object]:
        asked.append(peers)
        raise ToolError("enough is known", "")

    monkeypatch.setattr(transcription_steps, "contestants", found)
    monkeypatch.setattr(transcription_steps, "recordings", lambda *_: defaultdict(str))
    with pytest.raises(ToolError, match="enough"):
        cell_step(Cell("short", "greedy", "1 thread"), NOTHING, tmp_path, names).work()
    assert asked == [peers]


@pytest.mark.parametrize(
    ("names", "there"), [(BY_DEFAULT, {"native"}), ((BATCH_1, REFERENCE), {BATCH_1})]
)
def test_all_recordings_are_given_in_one_call_and_heard_in_their_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, names: tuple[str, ...], there: set[str]
) -> None:
    """Who is there only when named is not there by default."""
    many = Recording((tmp_path / "1", tmp_path / "2"), 6, "en", "one two")
    for path, word in zip(many.paths, many.reference.split(), strict=True):
        path.write_text(f"[00:00] {word}\n")
    monkeypatch.setattr(transcription_steps, "recordings", lambda *_: {MANY: many})
    # The seventh and the ninth word behind it are the recordings.
    start = ("sh", "-c", 'cat "$7" "$9"', "-")
    found = [
        Contestant(name=name, start=start, like_whisper=False)
        for name in ("native", BATCH_1, REFERENCE)
    ]
    monkeypatch.setattr(transcription_steps, "contestants", lambda *_, **__: found)
    step = cell_step(Cell(MANY, "greedy", "1 thread", rounds=2), NOTHING, tmp_path, names)
    done = step.work()
    figures = {one.name: one.value for one in done.figures}
    for subject in there:
        assert f"speed/many/greedy/1 thread/{subject}" in figures
        assert figures[f"errors/many/greedy/1 thread/{subject}"] == 0
    assert {one.subject for one in done.series} == {*there, REFERENCE}
    assert {one.audio_seconds for one in done.series} == {0, 6}
    # What it covers is what it finds, or does not find with a reason.
    found_names = {*figures, *(one.measurement for one in done.series), *done.unmeasured}
    for covered in step.covers:
        assert any(f"{name}/".startswith(f"{covered}/") for name in found_names), covered


def test_threads_are_one_and_all_that_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 4, 7})
    assert thread_counts() == {"1 thread": 1, "all threads": 3}
