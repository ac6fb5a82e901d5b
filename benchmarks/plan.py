"""What a run of the benchmarks does: all of it, or the part that CI runs on every change."""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from benchmarks.budgets import Budgets
from benchmarks.recordings import SPEECH_VARIABLE
from benchmarks.speed import REFERENCE, Cell
from benchmarks.steps import (
    BEAMS,
    Step,
    accuracy_step,
    cell_step,
    count_step,
    part_step,
    size_step,
    start_steps,
    thread_counts,
)
from scripts.layout import SPEECH

QUICK_CELLS = {
    # The program as people use it, started for something short.
    Cell(length="short", decoding="beam 5", threads="all threads", rounds=6, most_rounds=12): (
        "native",
        "wheel under CPython",
        REFERENCE,
    ),
    # Long enough for decoding to take most of the time. On one thread, because PyTorch's own wait
    # for one another in a loop, and what else runs makes that many times slower.
    Cell(length="medium", decoding="greedy", threads="1 thread", rounds=6, most_rounds=9): (
        "native",
        REFERENCE,
    ),
}
"""What CI transcribes for its time, and with whom."""

FULL_ROUNDS = {"short": 6, "medium": 3, "long": 1}
"""By the length of the recording. One run of the longest takes as long as all of the shortest."""

FETCHED, FURTHER = "fetched speech", "further speech"
"""The recordings that the set-up fetches, and those of the folder that the environment names."""

IN_FULL_ONLY = "only make bench measures it"
NOT_ASKED_FOR = "it was not asked for"
NO_SPEECH = f"{SPEECH_VARIABLE} names no folder of recordings"

KINDS = ("size", "count", "start", "part", "speed", "accuracy")


def cells(*, quick: bool) -> list[Cell]:
    """Return what is transcribed for its time."""
    if quick:
        return list(QUICK_CELLS)
    known = {cell.name: cell for cell in QUICK_CELLS}
    found = []
    for length, decoding, threads in itertools.product(FULL_ROUNDS, BEAMS, thread_counts()):
        rounds = FULL_ROUNDS[length]
        cell = Cell(
            length=length, decoding=decoding, threads=threads, rounds=rounds, most_rounds=rounds
        )
        found.append(known.get(cell.name, cell))
    return found


def plan(*, quick: bool, budgets: Budgets, output: Path) -> tuple[list[Step], dict[str, str]]:
    """Return the steps of a run, and what they leave out with the reason.

    Parameters
    ----------
    quick : bool
        Whether it is what CI runs.
    budgets : Budgets
        What the figures will be judged by.
    output : Path
        A folder for what the programs write.
    """
    further = os.environ.get(SPEECH_VARIABLE)
    threads = ["all threads"] if quick else list(thread_counts())
    steps = [size_step(), count_step(), *start_steps(), *map(part_step, threads)]
    steps += [
        cell_step(cell, budgets, output, QUICK_CELLS[cell] if quick else ())
        for cell in cells(quick=quick)
    ]
    missing: dict[str, str] = {}
    for decoding in BEAMS:
        if quick and decoding != "greedy":
            for name in (FETCHED, FURTHER):
                missing[f"accuracy/{name}/{decoding}"] = IN_FULL_ONLY
            continue
        steps.append(accuracy_step(FETCHED, SPEECH, decoding, with_reference=True))
        if further:
            steps.append(accuracy_step(FURTHER, Path(further), decoding, with_reference=not quick))
            if quick:
                missing[f"accuracy/{FURTHER}/{decoding}/differing files"] = IN_FULL_ONLY
        else:
            missing[f"accuracy/{FURTHER}/{decoding}"] = NO_SPEECH
    if quick:
        measured = {start for step in steps for start in step.covers}
        full = [step for cell in cells(quick=False) for step in [cell_step(cell, budgets, output)]]
        for step in [*full, *map(part_step, thread_counts())]:
            missing |= {start: IN_FULL_ONLY for start in step.covers if start not in measured}
    return steps, missing


def chosen(steps: Sequence[Step], kinds: Collection[str]) -> tuple[list[Step], dict[str, str]]:
    """Return the steps of some `kinds`, and what the others would have measured."""
    kept = [step for step in steps if step.kind in kinds]
    covered = {start for step in kept for start in step.covers}
    left_out = {
        start: NOT_ASKED_FOR
        for step in steps
        if step.kind not in kinds
        for start in step.covers
        if start not in covered
    }
    return kept, left_out
