"""What a run of the benchmarks does: all of it, or the part that CI runs on every change."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from benchmarks import steps as step
from benchmarks.judging.budgets import Budgets
from benchmarks.measuring.parts import MORE_PARTS
from benchmarks.measuring.precision import AGAINST
from benchmarks.measuring.recordings import MANY, SPEECH_VARIABLE
from benchmarks.measuring.speed import REFERENCE, Cell
from benchmarks.peers.contestants import BATCH_1, BY_DEFAULT, FLOAT32
from benchmarks.steps import Step, thread_counts
from benchmarks.transcription_steps import BEAMS, DEFAULTS, accuracy_step, cell_step
from scripts.layout import SPEECH

OURS = ("native", FLOAT32, "wheel under CPython")
"""Who else than the reference may have budgets."""

QUICK_CELLS: dict[Cell, Sequence[str]] = {
    # The program as people use it, started for something short.
    Cell("short", "greedy", "all threads", 6, 12): ("native", REFERENCE),
    Cell("short", "beam 5", "all threads", 6, 12): (*OURS, REFERENCE),
    # Long enough for decoding to take most of the time. On one thread, because PyTorch's own wait
    # for one another in a loop, and what else runs makes that many times slower.
    Cell("medium", "greedy", "1 thread", 6, 9): ("native", FLOAT32, REFERENCE),
}
"""What CI transcribes for its time, and with whom."""

FULL_ROUNDS = {"short": 3, "medium": 2}
"""By the length of the recording: few enough for a run of an hour or little more."""

FEW = ("native", FLOAT32, REFERENCE, "faster-whisper int8")
"""Who takes part where a transcription takes minutes, or says little of the others."""

BATCHED = "faster-whisper int8 batched"
"""The peer that decodes many windows at once, as ours does by itself."""

FURTHER_CELLS: dict[Cell, Sequence[str]] = {
    Cell("long", "greedy", "all threads"): (*BY_DEFAULT, BATCH_1),
    Cell("long", "greedy", "1 thread"): FEW,
    # On one thread the fallback takes openai-whisper a quarter of an hour.
    Cell("long", DEFAULTS, "all threads"): (*FEW, BATCHED, BATCH_1),
    Cell(MANY, "greedy", "all threads"): (*FEW, BATCHED, "whisper.cpp q8_0"),
    Cell("medium", "greedy", "all threads", 2, 2, neighbours=1): FEW,
    Cell("medium", "greedy", "all threads", 2, 2, neighbours=2): FEW,
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
    """Return what is transcribed for its time, and with whom."""
    if quick:
        return dict(QUICK_CELLS)
    known = {cell.name: cell for cell in QUICK_CELLS}
    found: dict[Cell, Sequence[str]] = {}
    for length, decoding, threads in itertools.product(FULL_ROUNDS, BEAMS, thread_counts()):
        rounds = FULL_ROUNDS[length]
        cell = Cell(length, decoding, threads, rounds, rounds)
        found[known.get(cell.name, cell)] = BY_DEFAULT
    return found | FURTHER_CELLS


def plan(*, quick: bool, budgets: Budgets, output: Path) -> tuple[list[Step], dict[str, str]]:
    """Return the steps of a run, or of what CI runs, and what they leave out with the reason.

    The figures will be judged by the budgets; the programs write into the folder `output`.
    """
    speeches = {FETCHED: SPEECH}
    if further := os.environ.get(SPEECH_VARIABLE):
        speeches[further_name(Path(further))] = Path(further)
    steps = _steps(speeches, quick=quick, budgets=budgets, output=output)
    missing: dict[str, str] = {}
    for figure in budgets.ceilings:
        kind, name, *_ = figure.split("/")
        if kind == "accuracy" and name not in speeches:  # of another folder
            missing[f"{kind}/{name}"] = OTHER_SPEECH
    if not quick:
        return steps, missing
    # A quick run measures with fewer programs, and compares fewer recordings with the reference.
    for cell, names in QUICK_CELLS.items():
        starts = cell_step(cell, budgets, output).covers
        others = [name for name in OURS if name not in names]
        missing |= dict.fromkeys(
            (f"{start}/{name}" for start in starts for name in others), IN_FULL_ONLY
        )
    for name in speeches.keys() - {FETCHED}:
        missing |= dict.fromkeys(
            (f"accuracy/{name}/greedy/{figure}" for figure in ("differing files", AGAINST)),
            IN_FULL_ONLY,
        )
    measured = {start for one in steps for start in one.covers}
    for one in _steps(speeches, quick=False, budgets=budgets, output=output):
        missing |= {start: IN_FULL_ONLY for start in one.covers if start not in measured}
    return steps, missing


def _steps(
    speeches: Mapping[str, Path], *, quick: bool, budgets: Budgets, output: Path
) -> list[Step]:
    steps = [step.size_step(), step.count_step(), *step.start_steps()]
    if quick:
        steps.append(step.part_step("all threads"))
    else:
        steps += [step.part_step(threads, MORE_PARTS) for threads in thread_counts()]
        steps += [step.larger_step(size, seconds) for size, seconds in LARGER.items()]
    steps += [cell_step(cell, budgets, output, names) for cell, names in cells(quick=quick).items()]
    for decoding, (name, folder) in itertools.product(BEAMS, speeches.items()):
        # What openai-whisper writes of many recordings takes minutes, and so do five beams.
        whole = name == FETCHED or not quick
        if whole or decoding == "greedy":
            steps.append(accuracy_step(name, folder, decoding, with_reference=whole))
    return steps


def chosen(steps: Sequence[Step], kinds: Collection[str]) -> tuple[list[Step], dict[str, str]]:
    """Return the steps of some `kinds`, and what the others would have measured."""
    kept = [one for one in steps if one.kind in kinds]
    covered = {start for one in kept for start in one.covers}
    every = (start for one in steps for start in one.covers)
    return kept, {start: NOT_ASKED_FOR for start in every if start not in covered}
