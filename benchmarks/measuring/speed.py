"""Measure whole transcriptions: their time, their first words, their memory and their energy."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.figures import Figure, Series
from benchmarks.measuring.processes import Round, Subject, endless_rounds, series
from benchmarks.measuring.ratios import all_ratios

REFERENCE = "openai-whisper"

FIRST_WORDS = "start/first words, "
"""How the names of figures begin that tell when the first segment came."""

_SPIN = (sys.executable, "-I", "-S", "-c", "while True: pass")

_START = 0.3
"""Seconds until those run that keep a processor busy."""


@dataclass(frozen=True)
class Cell:
    """What is transcribed, how, and how often.

    Attributes
    ----------
    length : str
        Which recording: ``short``, ``medium``, ``long``, or ``many`` of them in one call.
    decoding : str
        ``greedy`` or ``beam 5``, both at one temperature; ``default options`` has five beams, too,
        and decodes windows that fail again.
    threads : str
        ``1 thread`` or ``all threads``.
    rounds, most_rounds : int
        How often each subject runs, and how often while the noise leaves a budget undecided.
    neighbours : int
        How many other processes want a whole processor each meanwhile.
    """

    length: str
    decoding: str
    threads: str
    rounds: int = 1
    most_rounds: int = 1
    neighbours: int = 0

    @property
    def warming(self) -> int:
        """Rounds before those that count. What the disk has to give is in memory after one."""
        return 1 if self.length == "short" else 0

    @property
    def name(self) -> str:
        """What figures call it."""
        beside = f" beside {self.neighbours} busy" if self.neighbours else ""
        return f"{self.length}/{self.decoding}/{self.threads}{beside}"


@dataclass(frozen=True, kw_only=True)
class Transcriptions:
    """What `measure_cell` found."""

    groups: list[list[Series]]
    """Times in seconds, times to the first segment, peak memory in MiB, page faults and, where the
    machine tells it, energy in joules."""

    last: Round
    """The last round, with what was written."""

    failed: Mapping[str, str]
    """The optional subjects that failed, with the reason."""


def measure_cell(
    cell: Cell,
    subjects: Sequence[Subject],
    audio_seconds: float,
    *,
    decided: Callable[[Sequence[Figure]], bool] = lambda _: True,
) -> Transcriptions:
    """Transcribe with all subjects, `REFERENCE` among them, in turns.

    Rounds follow while it is not `decided` whether the ratios of the times, of the first words and
    of the memory are within their budgets. The recordings have so many `audio_seconds` together.

    Raises
    ------
    ToolError
        When a subject fails that is not optional.
    """
    failed: dict[str, str] = {}
    endless = itertools.islice(endless_rounds(subjects, failed), cell.warming, None)
    with busy_neighbours(cell.neighbours):
        rounds = list(itertools.islice(endless, cell.rounds))
        while not decided(all_ratios(_judged(cell, rounds, audio_seconds), REFERENCE)):
            if len(rounds) >= cell.most_rounds:
                break
            rounds.append(next(endless))
    faults = series(f"faults/{cell.name}", rounds, "", lambda one: float(one.faults))
    energy = series(f"energy/{cell.name}", rounds, "J", lambda one: one.joules)
    told = [energy] if all(all(one.samples) for one in energy) else []
    groups = [*_judged(cell, rounds, audio_seconds), faults, *told]
    return Transcriptions(groups=groups, last=rounds[-1], failed=failed)


def _judged(cell: Cell, rounds: Sequence[Round], audio_seconds: float) -> list[list[Series]]:
    """Return the times, those of the first words, and the memory."""
    name = cell.name
    times = series(
        f"speed/{name}", rounds, "s", lambda one: one.seconds, audio_seconds=audio_seconds
    )
    words = series(f"{FIRST_WORDS}{name}", rounds, "s", lambda one: one.first_segment)
    memory = series(f"memory/{name}", rounds, "MiB", lambda one: one.mib)
    # Who shows no segments as they come has no time of the first one.
    return [times, [one for one in words if all(one.samples)], memory]


@contextmanager
def busy_neighbours(count: int) -> Iterator[None]:
    """Keep `count` other processes busy, of a whole processor each, while the block runs."""
    with ExitStack() as stack:
        for _ in range(count):
            process = stack.enter_context(subprocess.Popen(_SPIN, stdin=subprocess.DEVNULL))
            stack.callback(process.kill)
        if count:
            time.sleep(_START)
        yield


def spoken(output: str) -> str:
    """Return the text of the segments that a program printed, ``[start --> end] text`` each.

    Of several recordings, all print them one recording after the other, in the order in which they
    were given.
    """
    lines = (line.partition("]") for line in output.splitlines() if line.startswith("["))
    return " ".join(text.strip() for _, _, text in lines)
