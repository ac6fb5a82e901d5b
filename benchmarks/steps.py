"""The steps of a run: each measures one kind of thing and returns what it found."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.accuracy import measure_accuracy, reference_transcripts
from benchmarks.budgets import Budgets
from benchmarks.callgrind import measure_instructions, provide_valgrind
from benchmarks.counts import measure_counts
from benchmarks.figures import ArtefactSizes, Figure, Series
from benchmarks.judge import is_decided
from benchmarks.parity import error_rate, read_manifest
from benchmarks.parts import STOCK, measure_import, measure_parts
from benchmarks.peers.contestants import MODEL, NATIVE, contestants
from benchmarks.processes import Subject
from benchmarks.ratios import ratio_figures
from benchmarks.recordings import recordings, speech_folder
from benchmarks.sizes import measure_sizes
from benchmarks.speed import FIRST_WORDS, REFERENCE, Cell, measure_cell, spoken
from benchmarks.starts import (
    ACTIONS,
    COLD,
    MOUNTED,
    PYTHON_ITSELF,
    appimages,
    can_mount,
    measure_cold_start,
    measure_starts,
)
from scripts.layout import (
    BENCHMARKS,
    CHECKOUT,
    DISTRIBUTION,
    MODELS,
    PYTHON,
    STOCK_PYTHON,
    build_cache,
)
from transcriber.errors import DependencyError

BEAMS = {"greedy": None, "beam 5": 5}

SECONDS = {"short": 3.0, "medium": 7.0, "long": 60.0}
"""About what one transcription takes, for the progress bar."""

_START_ROUNDS, _COLD_ROUNDS, _IMPORT_ROUNDS, _PART_ROUNDS = 20, 6, 8, 10

Tick = Callable[[], None]
"""Is called when a step has got on by one."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a step found: parts of `benchmarks.figures.Results`."""

    figures: Sequence[Figure] = ()
    series: Sequence[Series] = ()
    sizes: Mapping[str, ArtefactSizes] = field(default_factory=dict)
    unmeasured: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Step:
    """A part of a run.

    Attributes
    ----------
    kind : str
        By which it can be chosen.
    name : str
        What the progress bar says.
    covers : tuple of str
        The beginnings of the names of its figures.
    seconds : float
        About how long it takes, for the progress bar.
    ticks : int
        How often it says that it has got on.
    work : callable
        Does it.
    """

    kind: str
    name: str
    covers: tuple[str, ...]
    seconds: float
    ticks: int = 1
    work: Callable[[Tick], Found]


def native_program() -> Subject:
    """Return the program that is measured."""
    return Subject(name="native", command=(str(CHECKOUT / NATIVE),))


def thread_counts() -> dict[str, int]:
    """Return the numbers of threads that are measured, by what figures call them."""
    return {"1 thread": 1, "all threads": len(os.sched_getaffinity(0))}


def compared(groups: Sequence[Sequence[Series]], reference: str) -> Found:
    """Return series, and each subject's ratios to `reference` where that was measured too."""
    figures = [
        figure
        for group in groups
        if any(one.subject == reference for one in group)
        for figure in ratio_figures(group, reference)
    ]
    return Found(figures=figures, series=[one for group in groups for one in group])


def size_figures(sizes: Mapping[str, ArtefactSizes]) -> list[Figure]:
    """Return the bytes of each artefact and of each of its components as figures."""
    return [
        Figure(name=f"size/{name}{rest}", value=float(value), unit="bytes")
        for name, one in sizes.items()
        for rest, value in [
            ("", one.bytes),
            *((f"/{component}", size) for component, size in one.components.items()),
        ]
    ]


def size_step() -> Step:
    """Measure where the bytes of all artefacts are."""

    def work(_: Tick) -> Found:
        sizes = measure_sizes(CHECKOUT)
        return Found(figures=size_figures(sizes), sizes=sizes)

    return Step(kind="size", name="sizes", covers=("size",), seconds=15, work=work)


def count_step() -> Step:
    """Count what does not depend on the machine's speed."""

    def work(_: Tick) -> Found:
        counts = measure_counts(CHECKOUT)
        try:
            provide_valgrind(build_cache())
        except DependencyError as error:
            # The one figure that needs a program which not every machine can have.
            missing = {f"count/{action}/instructions": str(error) for action in ACTIONS}
            return Found(figures=counts, unmeasured=missing)
        instructions = measure_instructions(CHECKOUT / NATIVE, build_cache())
        return Found(figures=[*counts, *instructions])

    return Step(kind="count", name="counts", covers=("count",), seconds=35, work=work)


def start_steps() -> list[Step]:
    """Measure the starts of the program and its AppImages, and the import of PyTorch."""
    subjects = [
        native_program(),
        Subject(name="wheel under CPython", command=(str(PYTHON), "-m", "transcriber")),
        *appimages(DISTRIBUTION),
    ]
    mounted = [] if can_mount() else [one for one in subjects if one.name.endswith(MOUNTED)]
    subjects = [one for one in subjects if one not in mounted]
    unmeasured = {
        f"{kind}/{action}/{one.name}": "this machine mounts no AppImage"
        for one in mounted
        for action in ACTIONS
        for kind in ("start", "memory")
    }
    program = CHECKOUT / NATIVE
    return [
        Step(
            kind="start",
            name="starts",
            covers=tuple(f"{kind}/{action}" for action in ACTIONS for kind in ("start", "memory")),
            seconds=15,
            work=lambda _: replace(
                compared(measure_starts(subjects, _START_ROUNDS), PYTHON_ITSELF),
                unmeasured=unmeasured,
            ),
        ),
        Step(
            kind="start",
            name="cold starts",
            covers=(f"start/{COLD}", f"read/{COLD}"),
            seconds=2,
            work=lambda _: _cold(
                measure_cold_start(native_program(), program.parent, _COLD_ROUNDS)
            ),
        ),
        Step(
            kind="start",
            name="import of PyTorch",
            covers=("start/import torch", "memory/import torch"),
            seconds=12,
            work=lambda _: compared(measure_import(PYTHON, STOCK_PYTHON, _IMPORT_ROUNDS), STOCK),
        ),
    ]


def _cold(groups: Sequence[Sequence[Series]]) -> Found:
    """Return the ratios of the times; what was read needs no reference."""
    found = compared(groups, PYTHON_ITSELF)
    silent = {
        f"{one.measurement}/{one.subject}": "the file system does not tell what it reads"
        for group in groups
        for one in group
        if one.measurement.startswith("read/") and not any(one.samples)
    }
    read = [
        Figure(
            name=f"{one.measurement}/{one.subject}",
            value=statistics.median(one.samples),
            unit=one.unit,
        )
        for group in groups
        for one in group
        if one.measurement.startswith("read/") and any(one.samples)
    ]
    return Found(figures=[*found.figures, *read], series=found.series, unmeasured=silent)


def part_step(threads: str) -> Step:
    """Measure the parts of the model on a number of threads, of `thread_counts`."""

    def work(_: Tick) -> Found:
        count = (threads, thread_counts()[threads])
        weights = MODELS / f"{MODEL}.pt"
        groups = list(measure_parts(PYTHON, STOCK_PYTHON, weights, count, _PART_ROUNDS))
        return compared(groups, STOCK)

    return Step(
        kind="part",
        name=f"parts, {threads}",
        covers=tuple(
            f"part/{part}/{threads}" for part in ("encoder", "decoder step", "log-mel", "load")
        ),
        seconds=40,
        work=work,
    )


def cell_step(cell: Cell, budgets: Budgets, output: Path, names: Sequence[str] = ()) -> Step:
    """Transcribe with those `names`, or with all there are.

    Parameters
    ----------
    cell : Cell
        What is transcribed, and how.
    budgets : Budgets
        While the noise leaves one undecided, more rounds follow.
    output : Path
        A folder for what the programs write.
    names : sequence of str
        Of contestants; all of them take part when it is empty.
    """

    def work(tick: Tick) -> Found:
        recording = recordings(speech_folder(), BENCHMARKS / "recordings")[cell.length]
        subjects = [
            Subject(
                name=one.name,
                command=one.command(
                    recording.path,
                    language=recording.language,
                    beam_size=BEAMS[cell.decoding],
                    threads=thread_counts()[cell.threads],
                    output=output,
                ),
                variables=one.variables,
                # A peer that does not run here is no reason to measure nothing.
                optional=not one.like_whisper,
            )
            for one in contestants(CHECKOUT, peers=not names)
            if not names or one.name in names
        ]
        measured = measure_cell(
            cell,
            subjects,
            recording.seconds,
            before=tick,
            decided=lambda figures: is_decided(figures, budgets),
        )
        found = compared(measured.groups, REFERENCE)
        # Who writes less, or something else, did other work.
        errors = [
            Figure(
                name=f"errors/{cell.name}/{name}",
                value=error_rate(recording.language, [recording.reference], [spoken(taken.output)]),
                unit="errors",
            )
            for name, taken in measured.last.items()
        ]
        unmeasured = {f"speed/{cell.name}/{name}": why for name, why in measured.failed.items()}
        return replace(found, figures=[*found.figures, *errors], unmeasured=unmeasured)

    runs = (cell.rounds + cell.warming) * (len(names) or 9)
    return Step(
        kind="speed",
        name=cell.name.replace("/", ", "),
        covers=tuple(
            f"{kind}{cell.name}"
            for kind in ("speed/", FIRST_WORDS, "memory/", "faults/", "errors/")
        ),
        seconds=SECONDS[cell.length] * runs * (1.6 if cell.threads == "1 thread" else 1),
        ticks=runs,
        work=work,
    )


def accuracy_step(name: str, folder: Path, decoding: str, *, with_reference: bool) -> Step:
    """Transcribe the recordings of a folder and count errors.

    Parameters
    ----------
    name : str
        What figures call the recordings.
    folder : Path
        It has a ``manifest.tsv``.
    decoding : str
        One of `benchmarks.parity.CONFIGURATIONS`.
    with_reference : bool
        Whether the files are compared with those of openai-whisper.
    """

    def work(_: Tick) -> Found:
        speech = read_manifest(folder)
        reference = reference_transcripts(speech, decoding) if with_reference else None
        return Found(
            figures=measure_accuracy(
                name, speech, decoding, native_program().command, reference=reference
            )
        )

    covers = (f"accuracy/{name}/{decoding}",)
    seconds = 100 if with_reference else 60
    return Step(
        kind="accuracy", name=f"{name}, {decoding}", covers=covers, seconds=seconds, work=work
    )
