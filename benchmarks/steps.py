"""The steps of a run: each measures one kind of thing and returns what it found."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.figures import ArtefactSizes, Figure, Series
from benchmarks.measuring.callgrind import measure_instructions, provide_valgrind
from benchmarks.measuring.counts import measure_counts
from benchmarks.measuring.larger_models import measure_larger
from benchmarks.measuring.parts import PARTS, STOCK, measure_import, measure_parts
from benchmarks.measuring.processes import Subject
from benchmarks.measuring.ratios import ratio_figures
from benchmarks.measuring.starts import (
    ACTIONS,
    COLD,
    MOUNTED,
    PYTHON_ITSELF,
    appimages,
    can_mount,
    measure_cold_start,
    measure_starts,
)
from benchmarks.peers.contestants import MODEL, NATIVE
from benchmarks.sizes.artefacts import measure_sizes
from buildkit.errors import ToolError
from buildkit.places import CHECKOUT, build_cache
from scripts.layout import DISTRIBUTION, MODELS, PYTHON, STOCK_PYTHON

_START_ROUNDS, _COLD_ROUNDS, _IMPORT_ROUNDS, _PART_ROUNDS, _LARGER_ROUNDS = 20, 6, 8, 7, 3

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
        except ToolError as error:
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


def part_step(threads: str, parts: Sequence[str] = PARTS) -> Step:
    """Measure parts of the model on a number of threads, of `thread_counts`."""

    def work(_: Tick) -> Found:
        count = (threads, thread_counts()[threads])
        weights = MODELS / f"{MODEL}.pt"
        groups = list(measure_parts(PYTHON, STOCK_PYTHON, weights, count, _PART_ROUNDS, parts))
        return compared(groups, STOCK)

    return Step(
        kind="part",
        name=f"parts, {threads}",
        covers=tuple(f"part/{part}/{threads}" for part in parts),
        seconds=(20 if parts == PARTS else 50) * _PART_ROUNDS / 3,
        work=work,
    )


def larger_step(size: str, seconds: float) -> Step:
    """Measure a window of a model with random weights, which takes about so long."""
    threads = "all threads"

    def work(_: Tick) -> Found:
        count = (threads, thread_counts()[threads])
        return compared([measure_larger(size, count, _LARGER_ROUNDS)], STOCK)

    return Step(
        kind="part",
        name=f"window of {size}, {threads}",
        covers=(f"part/window of {size}/{threads}",),
        seconds=seconds,
        work=work,
    )
