"""What a run of the benchmarks does: all of it, or the part that CI runs on every change."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from benchmarks.judging.budgets import Budgets
from benchmarks.measuring.recordings import SPEECH_VARIABLE
from benchmarks.measuring.speed import REFERENCE, Cell
from benchmarks.steps import (
    Step,
    count_step,
    part_step,
    size_step,
    start_steps,
    thread_counts,
)
from benchmarks.transcription_steps import BEAMS, accuracy_step, cell_step
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

OURS = ("native", "wheel under CPython")
"""Who else than the reference may have budgets."""

FULL_ROUNDS = {"short": 3, "medium": 2, "long": 1}
"""By the length of the recording: few enough for a run of an hour. Budgets hold the cells above."""

LONG = ("greedy", "all threads")
"""How the long recording is transcribed, to keep a run to an hour."""

FETCHED = "fetched speech"
"""The recordings that the set-up fetches."""

FURTHER = "further speech"
"""How the name begins of those in the folder that the environment names."""

IN_FULL_ONLY = "only make bench measures it"
NOT_ASKED_FOR = "it was not asked for"
FAILED = "it failed"
OTHER_SPEECH = f"{SPEECH_VARIABLE} does not name these recordings"

KINDS = ("size", "count", "start", "part", "speed", "accuracy")


def further_name(folder: Path) -> str:
    """Return what figures call the recordings of a folder: those of another have another name."""
    digest = hashlib.sha256((folder / "manifest.tsv").read_bytes()).hexdigest()
    return f"{FURTHER} {digest[:8]}"


def speech_name() -> str:
    """Return what figures call the recordings that those of speed are made of."""
    further = os.environ.get(SPEECH_VARIABLE)
    return further_name(Path(further)) if further else FETCHED


def cells(*, quick: bool) -> list[Cell]:
    """Return what is transcribed for its time."""
    if quick:
        return list(QUICK_CELLS)
    known = {cell.name: cell for cell in QUICK_CELLS}
    found = []
    for length, decoding, threads in itertools.product(FULL_ROUNDS, BEAMS, thread_counts()):
        if length == "long" and (decoding, threads) != LONG:
            continue
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
    speeches = {FETCHED: SPEECH}
    if further:
        speeches[further_name(Path(further))] = Path(further)
    for decoding, (name, folder) in itertools.product(BEAMS, speeches.items()):
        # What openai-whisper writes of many recordings takes minutes, and so do five beams.
        compared = name == FETCHED or not quick
        if not compared and decoding != "greedy":
            missing[f"accuracy/{name}/{decoding}"] = IN_FULL_ONLY
            continue
        steps.append(accuracy_step(name, folder, decoding, with_reference=compared))
        if not compared:
            missing[f"accuracy/{name}/{decoding}/differing files"] = IN_FULL_ONLY
    for figure in budgets.ceilings:
        kind, name, *_ = figure.split("/")
        if kind == "accuracy" and name not in speeches:  # of another folder
            missing[f"{kind}/{name}"] = OTHER_SPEECH
    if quick:
        measured = {start for step in steps for start in step.covers}
        full = [cell_step(cell, budgets, output) for cell in cells(quick=False)]
        for cell, names in QUICK_CELLS.items():
            others = [name for name in OURS if name not in names]
            missing |= {
                f"{start}/{name}": IN_FULL_ONLY
                for start in cell_step(cell, budgets, output).covers
                for name in others
            }
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
