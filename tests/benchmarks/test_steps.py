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
from benchmarks.measuring.parts import STOCK
from benchmarks.measuring.processes import Subject
from benchmarks.measuring.ratios import ratio_figures
from benchmarks.measuring.recordings import MANY, Recording
from benchmarks.measuring.speed import REFERENCE, Cell, measure_cell
from benchmarks.measuring.starts import ACTIONS, COLD, PYTHON_ITSELF
from benchmarks.peers.contestants import BATCH_1, Contestant
from benchmarks.steps import (
    Step,
    compared,
    count_step,
    part_step,
    size_figures,
    size_step,
    start_steps,
    thread_counts,
)
from benchmarks.transcription_steps import cell_step
from buildkit.errors import ToolError
from buildkit.places import CHECKOUT

NOTHING = Budgets(ceilings={}, margins={})
PEER = "faster-whisper int8"
CELL = Cell(length="short", decoding="greedy", threads="1 thread", rounds=2, most_rounds=3)


def test_all_series_are_kept_and_ratios_where_there_is_a_reference() -> None:
    both = example.made("speed/x", {"native": 0.5, "other": 0.7, REFERENCE: 1.0}, 3.0)
    alone = example.made("faults/x", {"native": 0.5}, 3.0)
    found = compared([both, alone], REFERENCE)
    assert found.series == [*both, *alone]
    assert found.figures == ratio_figures(both, REFERENCE)
    assert [figure.name for figure in found.figures] == ["speed/x/native", "speed/x/other"]
    assert (found.sizes, found.unmeasured) == ({}, {})
    assert compared([], REFERENCE).figures == []


def test_sizes_are_figures_of_artefacts_and_their_components() -> None:
    sizes = example.sizes()
    figures = size_figures(sizes)
    assert len({figure.name for figure in figures}) == len(figures)
    assert {figure.unit for figure in figures} == {"bytes"}
    values = {figure.name: figure.value for figure in figures}
    for name, one in sizes.items():
        assert values[f"size/{name}"] == one.bytes
        parts = {key: value for key, value in values.items() if key.startswith(f"size/{name}/")}
        assert parts == {f"size/{name}/{part}": size for part, size in one.components.items()}
    assert len(figures) == sum(1 + len(one.components) for one in sizes.values())


def test_what_a_step_finds_is_what_it_covers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that tell what is missing where a step is left out are those of its figures."""

    def groups(*measurements: str, reference: str) -> list[list[Series]]:
        return [example.made(name, {"native": 0.5, reference: 1.0}, 3.0) for name in measurements]

    monkeypatch.setattr(steps, "measure_sizes", lambda _: example.sizes())
    monkeypatch.setattr(steps, "measure_counts", lambda _: [Figure(name="count/x/files", value=1)])
    instructions = [Figure(name=f"count/{ACTIONS[0]}/instructions", value=1)]
    monkeypatch.setattr(steps, "measure_instructions", lambda *_: instructions)
    starts = groups(
        *(f"{kind}/{action}" for action in ACTIONS for kind in ("start", "memory")),
        reference=PYTHON_ITSELF,
    )
    monkeypatch.setattr(steps, "measure_starts", lambda *_: starts)
    read = example.made(f"read/{COLD}", {"native": 1}, 20.0, unit="MiB")
    cold = [*groups(f"start/{COLD}", reference=PYTHON_ITSELF), read]
    monkeypatch.setattr(steps, "measure_cold_start", lambda *_: cold)
    imports = groups("start/import torch", "memory/import torch", reference=STOCK)
    monkeypatch.setattr(steps, "measure_import", lambda *_: imports)
    done: list[Step] = [size_step(), count_step(), *start_steps()]
    for step in done:
        found = step.work(lambda: None)
        assert found.figures
        for start in step.covers:
            assert any(one.name.startswith(f"{start}/") for one in found.figures), start
        for one in found.figures:
            assert one.name.startswith(tuple(f"{start}/" for start in step.covers)), one.name
        assert found.unmeasured == {}


def test_what_a_cold_start_read_is_a_figure_in_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    times = example.made(f"start/{COLD}", {"native": 2.0, PYTHON_ITSELF: 1.0}, 0.01)
    read = [
        Series(measurement=f"read/{COLD}", subject="native", unit="MiB", samples=(9.0, 1.0, 2.0))
    ]
    monkeypatch.setattr(steps, "measure_cold_start", lambda *_: [times, read])
    (step,) = (one for one in start_steps() if one.name == "cold starts")
    found = step.work(lambda: None)
    assert found.figures == [
        *ratio_figures(times, PYTHON_ITSELF),
        Figure(name=f"read/{COLD}/native", value=2, unit="MiB"),
    ]
    assert found.series == [*times, *read]


def test_without_callgrind_the_other_counts_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[Figure]:
        raise ToolError("there is no valgrind", "install it")

    counts = [Figure(name="count/x/files", value=1)]
    monkeypatch.setattr(steps, "measure_counts", lambda _: counts)
    monkeypatch.setattr(steps, "provide_valgrind", fail)
    found = count_step().work(lambda: None)
    assert found.figures == counts
    assert found.unmeasured == {
        f"count/{action}/instructions": "there is no valgrind: install it" for action in ACTIONS
    }


def test_a_part_step_covers_the_parts_that_a_child_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[object, ...]] = []

    def parts(*given: object) -> list[list[Series]]:
        asked.append(given)
        return []

    monkeypatch.setattr(steps, "measure_parts", parts)
    for name, count in thread_counts().items():
        step = part_step(name)
        step.work(lambda: None)
        assert asked[-1][3] == (name, count)
        assert f"part/encoder/{name}" in step.covers
    text = (CHECKOUT / "benchmarks/measuring/part_child.py").read_text()
    for start in step.covers:
        assert f'"{start.split("/")[1]}": ' in text


def test_a_cell_step_covers_what_the_cell_measures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    segment = ("sh", "-c", "echo '[00:00] a'")
    subjects = [Subject(name=name, command=segment) for name in ("native", REFERENCE)]
    groups = measure_cell(CELL, subjects, 1.0).groups
    told = [group for group in groups if group[0].measurement.startswith("energy/")]
    step = cell_step(CELL, NOTHING, tmp_path, ("native", REFERENCE))
    measured = {group[0].measurement for group in groups}
    energy = {f"energy/{CELL.name}"}
    assert {*measured, f"errors/{CELL.name}"} == set(step.covers) - (set() if told else energy)
    assert energy < set(step.covers)
    # Two who run in three rounds, the one that warms up among them.
    assert step.ticks == 6


@pytest.mark.parametrize(
    ("names", "peers"), [((), True), (("native", REFERENCE), False), (("native", PEER), True)]
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
        cell_step(CELL, NOTHING, tmp_path, names).work(lambda: None)
    assert asked == [peers]


def test_all_recordings_are_given_in_one_call_and_heard_in_their_order(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    many = Recording(
        paths=tuple(tmp_path / name for name in ("1", "2")),
        seconds=6,
        language="en",
        reference="one two",
    )
    for number, path in enumerate(many.paths):
        path.write_text(f"[00:00] {many.reference.split()[number]}\n")
    monkeypatch.setattr(transcription_steps, "recordings", lambda *_: {MANY: many})
    found = [
        # The seventh and the ninth word behind it are the recordings.
        Contestant(name=name, start=("sh", "-c", 'cat "$7" "$9"', "-"), like_whisper=False)
        for name in ("native", BATCH_1, REFERENCE)
    ]
    monkeypatch.setattr(transcription_steps, "contestants", lambda *_, **__: found)
    cell = Cell(length=MANY, decoding="greedy", threads="1 thread", rounds=1, most_rounds=1)
    # Who is there only when named is not there by default.
    for names, subjects in (((), ["native"]), ((BATCH_1, REFERENCE), [BATCH_1])):
        done = cell_step(cell, NOTHING, tmp_path, names).work(lambda: None)
        figures = {one.name: one.value for one in done.figures}
        for subject in subjects:
            assert f"speed/many/greedy/1 thread/{subject}" in figures
            assert figures[f"errors/many/greedy/1 thread/{subject}"] == 0
        assert {one.subject for one in done.series} == {*subjects, REFERENCE}
        assert {one.audio_seconds for one in done.series} == {0, 6}


def test_threads_are_one_and_all_that_this_process_may_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 4, 7})
    assert thread_counts() == {"1 thread": 1, "all threads": 3}
