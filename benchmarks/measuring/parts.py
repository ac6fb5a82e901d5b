"""Measure the parts of a transcription apart: our engine's, and openai-whisper's on both PyTorchs.

Each program has a process of its own for each number of threads, because OpenMP and the BLAS read
their settings when they are loaded. All load the same weights, stay alive and are told in turns to
run a part once. Threads wait as the program makes them wait.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Series
from benchmarks.measuring.part_answers import SEPARATOR
from benchmarks.measuring.processes import clean_environment
from benchmarks.peers.random_weights import write_random
from buildkit.errors import ToolError
from buildkit.files import make_directory
from scripts.layout import PEERS_PYTHON, PEERS_WEIGHTS, PYTHON, STOCK_PYTHON
from torch_build.verify.importing import import_in_turns
from torch_build.verify.interpreters import child_environment

OURS = "wheel"
STOCK = "stock PyTorch"
FUSED = "fused engine"
FUSED_FLOAT32 = "fused engine, float32"
PEER = "faster-whisper int8"

PARTS = ("encoder", "decoder step", "decoder step, 5 beams", "log-mel", "load")
"""What takes seconds at most."""

MORE_PARTS = (*PARTS, "first load", "words", "window")

_OF_OPENAI_WHISPER = "benchmarks.measuring.part_child"
_OF_THE_ENGINE = "benchmarks.measuring.fused_part_child"
_OF_CTRANSLATE2 = "benchmarks.peers.ctranslate2_part_child"

Threads = tuple[str, int]
"""What the figures call a number of threads, and the number."""


@dataclass(frozen=True)
class Program:
    """Who loads a model: an interpreter, a module that it runs, and the weights.

    What the module computes with follows on its command line, where it has a choice.
    """

    python: Path
    module: str
    weights: Path
    words: tuple[str, ...] = ()


@contextmanager
def started(
    program: Program, threads: int, parts: Sequence[str]
) -> Iterator[Callable[[str], float]]:
    """Start a program, and give what runs one of its `parts` and returns the seconds.

    Raises
    ------
    ToolError
        When it ends before it has answered.
    """
    words = [str(program.weights), str(threads), SEPARATOR.join(parts), *program.words]
    try:
        # Warnings go nowhere else than a failure's reason does: to the reader.
        process = subprocess.Popen(
            [program.python, "-m", program.module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=child_environment(clean_environment()),
        )
    except OSError as error:
        raise ToolError(f"cannot start {program.python}: {error.strerror}", "run make setup") from (
            error
        )

    def answer() -> str:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise ToolError(
                f"a process that measures parts of the model ended with {process.wait()}",
                "its own message is above",
            )
        return line

    def measure(part: str) -> float:
        with suppress(BrokenPipeError):  # it has ended, and there is no answer either
            print(part, file=process.stdin, flush=True)
        return float(answer())

    try:
        answer()
        yield measure
    finally:
        process.kill()
        process.communicate()


def measure_parts(
    weights: Path, threads: Threads, rounds: int, parts: Sequence[str] = PARTS
) -> list[list[Series]]:
    """Measure the parts of the model: openai-whisper's in both builds, and the engine's in ours.

    Parameters
    ----------
    weights : Path
        A checkpoint of OpenAI's form.
    threads : tuple of str and int
        What the figures call this number of threads, and the number.
    rounds : int
        How often each part is measured.
    parts : sequence of str
        Some of `MORE_PARTS`.

    Returns
    -------
    list of list of Series
        For each part the series of all, in seconds.
    """
    programs = {
        OURS: Program(PYTHON, _OF_OPENAI_WHISPER, weights),
        STOCK: Program(STOCK_PYTHON, _OF_OPENAI_WHISPER, weights),
        FUSED: Program(PYTHON, _OF_THE_ENGINE, weights, ("auto",)),
        FUSED_FLOAT32: Program(PYTHON, _OF_THE_ENGINE, weights, ("float32",)),
    }
    return _measure(programs, threads, rounds, {part: part for part in parts})


def measure_larger(size: str, threads: Threads, rounds: int) -> list[list[Series]]:
    """Time a window with a fixed number of tokens of a model whose weights cannot be had.

    Random ones of its size, which openai-whisper names, are made, and loaded before it is timed.
    """
    # Gigabytes, made in less time than they take to be measured: they are not kept.
    make_directory(PEERS_WEIGHTS)
    with tempfile.TemporaryDirectory(dir=PEERS_WEIGHTS) as folder:
        openai, ctranslate2 = write_random(size, Path(folder))
        programs = {
            STOCK: Program(STOCK_PYTHON, _OF_OPENAI_WHISPER, openai),
            FUSED: Program(PYTHON, _OF_THE_ENGINE, openai, ("auto",)),
            PEER: Program(PEERS_PYTHON, _OF_CTRANSLATE2, ctranslate2, ("int8",)),
        }
        return _measure(programs, threads, rounds, {"window": f"window of {size}"})


def _measure(
    programs: Mapping[str, Program], threads: Threads, rounds: int, parts: Mapping[str, str]
) -> list[list[Series]]:
    """Run the parts, which figures call by other names, of all programs in turns."""
    name, count = threads
    groups = []
    with ExitStack() as stack:
        children = {
            subject: stack.enter_context(started(program, count, list(parts)))
            for subject, program in programs.items()
        }
        for part, label in parts.items():
            taken: dict[str, list[float]] = {subject: [] for subject in children}
            for turn in range(rounds):
                for subject in children if turn % 2 else reversed(children):
                    taken[subject].append(children[subject](part))
            groups.append(_series(f"part/{label}/{name}", "s", taken))
    return groups


def measure_import(rounds: int) -> list[list[Series]]:
    """Measure ``import torch`` in new processes of both builds: its time and its peak memory."""
    try:
        ours, stock = import_in_turns([PYTHON, STOCK_PYTHON], rounds)
    except subprocess.SubprocessError as error:
        raise ToolError("a new process cannot import torch", "run make setup") from error
    builds = {OURS: ours, STOCK: stock}
    seconds = {subject: [one.seconds for one in taken] for subject, taken in builds.items()}
    memory = {subject: [one.peak_mib for one in taken] for subject, taken in builds.items()}
    return [
        _series("start/import torch", "s", seconds),
        _series("memory/import torch", "MiB", memory),
    ]


def _series(measurement: str, unit: str, taken: Mapping[str, Sequence[float]]) -> list[Series]:
    return [
        Series(measurement=measurement, subject=subject, unit=unit, samples=tuple(samples))
        for subject, samples in taken.items()
    ]
