"""Measure the parts of a transcription apart: our engine's, and openai-whisper's on both PyTorchs.

Each has a process of its own for each number of threads, because OpenMP and the BLAS read
their settings when they are loaded. All load the same weights, stay alive and are told in turns to
run a part once. Threads wait as the program makes them wait.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.figures import Series
from benchmarks.measuring.part_answers import ONLY_VARIABLE
from benchmarks.measuring.processes import clean_environment
from buildkit.errors import ToolError
from torch_build.verify.importing import import_in_turns
from torch_build.verify.interpreters import child_environment

OURS = "wheel"
STOCK = "stock PyTorch"
FUSED = "fused engine"
FUSED_FLOAT32 = "fused engine, float32"

PARTS = ("encoder", "decoder step", "decoder step, 5 beams", "log-mel", "load")
"""What takes seconds at most."""

MORE_PARTS = (*PARTS, "first load", "words", "window")

OF_OPENAI_WHISPER = ("benchmarks.measuring.part_child",)
OF_THE_ENGINE = "benchmarks.measuring.fused_part_child"


class PartChild:
    """A process that has loaded the model on one build and waits to be told what to run.

    Parameters
    ----------
    python : Path
        The interpreter that has the build.
    weights : Path
        A checkpoint of OpenAI's form.
    threads : int
        How many PyTorch uses.
    child : sequence of str
        The module that it runs, and what follows the number of threads on its command line.
    parts : sequence of str
        What it is to measure.

    Attributes
    ----------
    parts : tuple of str
        What it can measure.

    Raises
    ------
    ToolError
        When it ends before it is ready.
    """

    def __init__(
        self,
        python: Path,
        weights: Path,
        threads: int,
        child: Sequence[str] = OF_OPENAI_WHISPER,
        parts: Sequence[str] = PARTS,
    ) -> None:
        module, *words = child
        # Warnings go nowhere else than a failure's reason does: to the reader.
        try:
            self._process = subprocess.Popen(
                [python, "-m", module, str(weights), str(threads), *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=child_environment({**clean_environment(), ONLY_VARIABLE: ";".join(parts)}),
            )
        except OSError as error:
            raise ToolError(f"cannot start {python}: {error.strerror}", "run make setup") from error
        self.parts: tuple[str, ...] = tuple(self._answer())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def measure(self, part: str) -> float:
        """Run a part once and return its seconds."""
        with suppress(BrokenPipeError):  # it has ended, and there is no answer either
            print(part, file=self._process.stdin, flush=True)
        return float(self._answer())

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise ToolError(
                f"a process that measures parts of the model ended with {self._process.wait()}",
                "its own message is above",
            )
        return json.loads(line)


def measure_parts(
    ours: Path,
    stock: Path,
    weights: Path,
    threads: tuple[str, int],
    rounds: int,
    parts: Sequence[str] = PARTS,
) -> Iterator[list[Series]]:
    """Measure the parts of the model: openai-whisper's in both builds, and the engine's in ours.

    Parameters
    ----------
    ours, stock : Path
        The interpreters.
    weights : Path
        A checkpoint of OpenAI's form.
    threads : tuple of str and int
        What the figures call this number of threads, and the number.
    rounds : int
        How often each part is measured.
    parts : sequence of str
        Some of `MORE_PARTS`.

    Yields
    ------
    list of Series
        For each part the series of all, in seconds.
    """
    name, count = threads
    with ExitStack() as stack:
        children = {
            subject: stack.enter_context(PartChild(python, weights, count, child, parts))
            for subject, python, child in (
                (OURS, ours, OF_OPENAI_WHISPER),
                (STOCK, stock, OF_OPENAI_WHISPER),
                (FUSED, ours, (OF_THE_ENGINE, "auto")),
                (FUSED_FLOAT32, ours, (OF_THE_ENGINE, "float32")),
            )
        }
        for part in children[OURS].parts:
            yield in_turns(children, part, rounds, f"part/{part}/{name}")


def in_turns(
    children: dict[str, PartChild], part: str, rounds: int, measurement: str
) -> list[Series]:
    """Return the seconds that each child took for a part, called `measurement`."""
    taken: dict[str, list[float]] = {subject: [] for subject in children}
    for turn in range(rounds):
        order = list(children) if turn % 2 else list(reversed(children))
        for subject in order:
            taken[subject].append(children[subject].measure(part))
    return [
        Series(measurement=measurement, subject=subject, unit="s", samples=tuple(samples))
        for subject, samples in taken.items()
    ]


def measure_import(ours: Path, stock: Path, rounds: int) -> list[list[Series]]:
    """Measure ``import torch`` in new processes of both builds: its time and its peak memory."""
    subjects = (OURS, STOCK)
    try:
        imports = import_in_turns([ours, stock], rounds)
    except subprocess.SubprocessError as error:
        raise ToolError("a new process cannot import torch", "run make setup") from error
    seconds = [[one.seconds for one in of_build] for of_build in imports]
    memory = [[one.peak_mib for one in of_build] for of_build in imports]
    return [
        _both(subjects, "start/import torch", "s", seconds),
        _both(subjects, "memory/import torch", "MiB", memory),
    ]


def _both(
    subjects: Sequence[str], measurement: str, unit: str, samples: Sequence[Sequence[float]]
) -> list[Series]:
    return [
        Series(measurement=measurement, subject=subject, unit=unit, samples=tuple(values))
        for subject, values in zip(subjects, samples, strict=True)
    ]
