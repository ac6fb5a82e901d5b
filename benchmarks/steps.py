"""The steps of a run: each measures one kind of thing and returns what it found."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from benchmarks.figures import ArtefactSizes, Figure, Series
from benchmarks.measuring import callgrind, counts, parts, starts
from benchmarks.measuring.processes import Subject
from benchmarks.measuring.ratios import all_ratios
from benchmarks.measuring.starts import ACTIONS, COLD, PYTHON_ITSELF
from benchmarks.peers.contestants import MODEL, NATIVE
from benchmarks.sizes.artefacts import measure_sizes
from buildkit.errors import ToolError
from buildkit.places import CHECKOUT, build_cache
from scripts.layout import DISTRIBUTION, MODELS, PYTHON

_START_ROUNDS, _COLD_ROUNDS, _IMPORT_ROUNDS, _PART_ROUNDS, _LARGER_ROUNDS = 20, 6, 8, 7, 3


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
    kind, name : str
        By which it can be chosen, and what the progress bar says.
    covers : tuple of str
        The beginnings of the names of its figures.
    seconds : float
        About how long it takes, for the progress bar.
    work : callable
        Does it.
    """

    kind: str
    name: str
    covers: tuple[str, ...]
    seconds: float
    work: Callable[[], Found]


def native_program() -> Subject:
    """Return the program that is measured."""
    return Subject(name="native", command=(str(CHECKOUT / NATIVE),))


def thread_counts() -> dict[str, int]:
    """Return the numbers of threads that are measured, by what figures call them."""
    return {"1 thread": 1, "all threads": len(os.sched_getaffinity(0))}


def compared(groups: Sequence[Sequence[Series]], reference: str) -> Found:
    """Return series, and each subject's ratios to `reference` where that was measured too."""
    series = [one for group in groups for one in group]
    return Found(figures=all_ratios(groups, reference), series=series)


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

    def work() -> Found:
        sizes = measure_sizes(CHECKOUT)
        return Found(figures=size_figures(sizes), sizes=sizes)

    return Step(kind="size", name="sizes", covers=("size",), seconds=15, work=work)


def count_step() -> Step:
    """Count what does not depend on the machine's speed."""

    def work() -> Found:
        found = counts.measure_counts(CHECKOUT)
        try:
            callgrind.provide_valgrind(build_cache())
        except ToolError as error:
            # The one figure that needs a program which not every machine can have.
            missing = {f"count/{action}/instructions": str(error) for action in ACTIONS}
            return Found(figures=found, unmeasured=missing)
        instructions = callgrind.measure_instructions(CHECKOUT / NATIVE, build_cache())
        return Found(figures=[*found, *instructions])

    return Step(kind="count", name="counts", covers=("count",), seconds=35, work=work)


def start_steps() -> list[Step]:
    """Measure the starts of the program and its AppImages, and the import of PyTorch."""
    wheel = Subject(name="wheel under CPython", command=(str(PYTHON), "-m", "transcriber"))
    every = [native_program(), wheel, *starts.appimages(DISTRIBUTION)]
    subjects = [one for one in every if starts.can_mount() or not one.name.endswith(starts.MOUNTED)]
    measured = [f"{kind}/{action}" for action in ACTIONS for kind in ("start", "memory")]
    unmeasured = {
        f"{start}/{one.name}": "this machine mounts no AppImage"
        for one in every
        if one not in subjects
        for start in measured
    }

    def all_starts() -> Found:
        found = compared(starts.measure_starts(subjects, _START_ROUNDS), PYTHON_ITSELF)
        return replace(found, unmeasured=unmeasured)

    def imports() -> Found:
        return compared(parts.measure_import(_IMPORT_ROUNDS), parts.STOCK)

    cold = (f"start/{COLD}", f"read/{COLD}")
    torch = ("start/import torch", "memory/import torch")
    return [
        Step(kind="start", name="starts", covers=tuple(measured), seconds=15, work=all_starts),
        Step(kind="start", name="cold starts", covers=cold, seconds=2, work=_cold_starts),
        Step(kind="start", name="import of PyTorch", covers=torch, seconds=12, work=imports),
    ]


def _cold_starts() -> Found:
    """Return the ratios of the times; what was read needs no reference."""
    folder = (CHECKOUT / NATIVE).parent
    times, read = starts.measure_cold_start(native_program(), folder, _COLD_ROUNDS)
    names = {f"{one.measurement}/{one.subject}": one for one in read}
    figures = [
        Figure(name=name, value=statistics.median(one.samples), unit=one.unit)
        for name, one in names.items()
        if any(one.samples)
    ]
    found = compared([times, read], PYTHON_ITSELF)
    silent = names.keys() - {figure.name for figure in figures}
    return replace(
        found,
        figures=[*found.figures, *figures],
        unmeasured=dict.fromkeys(silent, "the file system does not tell what it reads"),
    )


def part_step(threads: str, wanted: Sequence[str] = parts.PARTS) -> Step:
    """Measure parts of the model on a number of threads, of `thread_counts`."""

    def work() -> Found:
        count = (threads, thread_counts()[threads])
        weights = MODELS / f"{MODEL}.pt"
        return compared(parts.measure_parts(weights, count, _PART_ROUNDS, wanted), parts.STOCK)

    return Step(
        kind="part",
        name=f"parts, {threads}",
        covers=tuple(f"part/{part}/{threads}" for part in wanted),
        seconds=(20 if wanted == parts.PARTS else 50) * _PART_ROUNDS / 3,
        work=work,
    )


def larger_step(size: str, seconds: float) -> Step:
    """Measure a window of a model with random weights, which takes about so long."""
    threads = "all threads"

    def work() -> Found:
        count = (threads, thread_counts()[threads])
        return compared(parts.measure_larger(size, count, _LARGER_ROUNDS), parts.STOCK)

    covers = (f"part/window of {size}/{threads}",)
    name = f"window of {size}, {threads}"
    return Step(kind="part", name=name, covers=covers, seconds=seconds, work=work)
