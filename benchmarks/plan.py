"""What a run of the benchmarks does: all of it, or the part that CI runs on every change."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from benchmarks.judging.budgets import Budgets
from benchmarks.measuring.parts import MORE_PARTS, PARTS
from benchmarks.measuring.precision import AGAINST
from benchmarks.measuring.recordings import MANY, SPEECH_VARIABLE
from benchmarks.measuring.speed import REFERENCE, Cell
from benchmarks.peers.contestants import BATCH_1, BY_DEFAULT, FLOAT32
from benchmarks.steps import (
    Step,
    count_step,
    larger_step,
    part_step,
    size_step,
    start_steps,
    thread_counts,
)
from benchmarks.transcription_steps import BEAMS, DEFAULTS, accuracy_step, cell_step
from scripts.layout import SPEECH

QUICK_CELLS = {
    # The program as people use it, started for something short.
    Cell(length="short", decoding="greedy", threads="all threads", rounds=6, most_rounds=12): (
        "native",
        REFERENCE,
    ),
    Cell(length="short", decoding="beam 5", threads="all threads", rounds=6, most_rounds=12): (
        "native",
        FLOAT32,
        "wheel under CPython",
        REFERENCE,
    ),
    # Long enough for decoding to take most of the time. On one thread, because PyTorch's own wait
    # for one another in a loop, and what else runs makes that many times slower.
    Cell(length="medium", decoding="greedy", threads="1 thread", rounds=6, most_rounds=9): (
        "native",
        FLOAT32,
        REFERENCE,
    ),
}
"""What CI transcribes for its time, and with whom."""

OURS = ("native", FLOAT32, "wheel under CPython")
"""Who else than the reference may have budgets."""

FULL_ROUNDS = {"short": 3, "medium": 2}
"""By the length of the recording: few enough for a run of an hour or little more."""

FEW = ("native", FLOAT32, REFERENCE, "faster-whisper int8")
"""Who takes part where a transcription takes minutes, or says little of the others."""

BATCHED = "faster-whisper int8 batched"
"""The peer that decodes many windows at once, as ours does by itself."""

FURTHER_CELLS: dict[Cell, Sequence[str]] = {
    Cell(length="long", decoding="greedy", threads="all threads", rounds=1, most_rounds=1): (
        *BY_DEFAULT,
        BATCH_1,
    ),
    Cell(length="long", decoding="greedy", threads="1 thread", rounds=1, most_rounds=1): FEW,
    # On one thread the fallback takes openai-whisper a quarter of an hour.
    Cell(length="long", decoding=DEFAULTS, threads="all threads", rounds=1, most_rounds=1): (
        *FEW,
        BATCHED,
        BATCH_1,
    ),
    Cell(length=MANY, decoding="greedy", threads="all threads", rounds=1, most_rounds=1): (
        *FEW,
        BATCHED,
        "whisper.cpp q8_0",
    ),
    **{
        Cell(
            length="medium",
            decoding="greedy",
            threads="all threads",
            rounds=2,
            most_rounds=2,
            neighbours=count,
        ): FEW
        for count in (1, 2)
    },
}
"""What only the whole run transcribes, once where it takes minutes, and with whom."""

FETCHED = "fetched speech"
"""The recordings that the set-up fetches."""

FURTHER = "further speech"
"""How the name begins of those in the folder that the environment names."""

LARGER = {"small": 90, "large-v3-turbo": 300}
"""Of the models with random weights, in how many seconds they are made and measured."""

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


def cells(*, quick: bool) -> dict[Cell, Sequence[str]]:
    """Return what is transcribed for its time, and with whom.

    Where nobody is named, all take part who do so by default.
    """
    if quick:
        return dict(QUICK_CELLS)
    known = {cell.name: cell for cell in QUICK_CELLS}
    found: dict[Cell, Sequence[str]] = {}
    for length, decoding, threads in itertools.product(FULL_ROUNDS, BEAMS, thread_counts()):
        rounds = FULL_ROUNDS[length]
        cell = Cell(
            length=length, decoding=decoding, threads=threads, rounds=rounds, most_rounds=rounds
        )
        found[known.get(cell.name, cell)] = ()
    return found | FURTHER_CELLS


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
    parts = PARTS if quick else MORE_PARTS
    steps = [size_step(), count_step(), *start_steps()]
    steps += [part_step(number, parts) for number in threads]
    larger = [larger_step(size, seconds) for size, seconds in LARGER.items()]
    steps += [] if quick else larger
    steps += [cell_step(cell, budgets, output, names) for cell, names in cells(quick=quick).items()]
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
            missing |= {
                f"accuracy/{name}/{decoding}/{figure}": IN_FULL_ONLY
                for figure in ("differing files", AGAINST)
            }
    for figure in budgets.ceilings:
        kind, name, *_ = figure.split("/")
        if kind == "accuracy" and name not in speeches:  # of another folder
            missing[f"{kind}/{name}"] = OTHER_SPEECH
    if quick:
        measured = {start for step in steps for start in step.covers}
        full = [cell_step(cell, budgets, output, ()) for cell in cells(quick=False)]
        for cell, names in QUICK_CELLS.items():
            others = [name for name in OURS if name not in names]
            missing |= {
                f"{start}/{name}": IN_FULL_ONLY
                for start in cell_step(cell, budgets, output).covers
                for name in others
            }
        full += [*(part_step(number, MORE_PARTS) for number in thread_counts()), *larger]
        for step in full:
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
