"""Run commands in turns, and measure what each process takes."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.figures import Series
from benchmarks.measuring.energy import counters, joules
from buildkit.errors import ToolError

_BLOCK_BYTES = 512
"""What `ru_inblock` counts, whatever the block size of the disk: see getrusage(2)."""

_SETTINGS = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "PYTHON")

LONGEST_SECONDS = 3600.0
"""What hangs is ended then: ten minutes of sound take a slow machine a quarter of that."""

_LAUNCHER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py")))


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A command that is measured, by the name that tables have.

    The variables are added to its environment. Without an optional one that fails, the others are
    measured nevertheless.
    """

    name: str
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False

    def with_words(self, *words: str | Path) -> Subject:
        """Return this subject with more words in its command."""
        return replace(self, command=(*self.command, *map(str, words)))


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a process took.

    Attributes
    ----------
    seconds, first_segment : float
        Until its end, and until its first line that begins with a bracket, as segments do; 0
        without one.
    mib : float
        Peak of its resident memory.
    faults : int
        Pages that were not in its memory when it touched them, read from the disk or not.
    read_bytes : int
        Bytes read from a disk, those of its children that it waited for among them.
    joules : float
        Energy that the machine used meanwhile; 0 where it does not tell.
    output : str
        What it wrote on standard output.
    """

    seconds: float
    first_segment: float
    mib: float
    faults: int
    read_bytes: int
    output: str
    joules: float = 0.0


def take(subject: Subject) -> Taken:
    """Run a command to its end and measure it.

    Raises
    ------
    ToolError
        When it cannot be started or fails: its time would mean nothing.
    """
    first_line = 0.0
    lines = []
    reading, writing = os.pipe()
    energy = counters()
    with open(reading, "rb") as report:
        process = subprocess.Popen(
            [*_LAUNCHER, str(writing), *subject.command],
            env={**clean_environment(), **subject.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
            pass_fds=(writing,),
            # What it starts ends with it.
            start_new_session=True,
        )
        os.close(writing)
        with _ended_after(process, LONGEST_SECONDS), process:
            for line in process.stdout or ():
                if not first_line and line.startswith("["):
                    first_line = time.monotonic()
                lines.append(line)
        answer = report.read()
    # Nothing is written when there is no such command, no right to start it, or when it was ended.
    nothing = f"the limit of {LONGEST_SECONDS:.0f} s" if process.returncode < 0 else "no start"
    used = joules(energy, counters())
    taken: dict[str, Any] = json.loads(answer) if answer else {"code": nothing}
    if taken["code"] != 0:
        raise ToolError(
            f"{subject.name} ended with {taken['code']} in a benchmark",
            f"run it to see why: {shlex.join(subject.command)}",
        )
    return Taken(
        seconds=taken["end"] - taken["begin"],
        first_segment=first_line - taken["begin"] if first_line else 0.0,
        mib=taken["peak_kib"] / 1024,
        faults=taken["faults"],
        read_bytes=taken["blocks_read"] * _BLOCK_BYTES,
        output="".join(lines),
        joules=used,
    )


@contextmanager
def _ended_after(process: subprocess.Popen[str], seconds: float) -> Iterator[None]:
    """End a process and all that it started after some time, and when the block is left early."""

    def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    except BaseException:
        end()
        raise
    finally:
        timer.cancel()


def clean_environment() -> dict[str, str]:
    """Return the environment without settings of threads and of Python.

    Each program has its own choice of threads, and none looks for modules where these do.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}


Round = Mapping[str, Taken]
"""What each subject took in one round, by its name."""


def endless_rounds(
    subjects: Sequence[Subject],
    failed: MutableMapping[str, str],
    before: Callable[[], None] = lambda: None,
) -> Iterator[Round]:
    """Run all subjects, one after the other, again and again.

    Who goes first changes from round to round, so that it has no advantage. `before` is called
    before each. Those in `failed` are left out; it gets the optional ones that fail, with the
    reason.
    """
    for number in itertools.count():
        taken = {}
        for subject in subjects if number % 2 else reversed(subjects):
            if subject.name in failed:
                continue
            before()
            try:
                taken[subject.name] = take(subject)
            except ToolError as error:
                if not subject.optional:
                    raise
                failed[subject.name] = str(error)
        yield {one.name: taken[one.name] for one in subjects if one.name in taken}


def in_turns(
    subjects: Sequence[Subject],
    rounds: int,
    *,
    before: Callable[[], None] = lambda: None,
    failed: MutableMapping[str, str] | None = None,
) -> list[Round]:
    """Run all subjects in `rounds` rounds, after one that warms the caches up."""
    endless = endless_rounds(subjects, {} if failed is None else failed, before)
    return list(itertools.islice(endless, 1, 1 + rounds))


def series(
    measurement: str,
    rounds: Sequence[Round],
    unit: str,
    value: Callable[[Taken], float],
    *,
    audio_seconds: float = 0.0,
) -> list[Series]:
    """Return what `value` has of each subject in the rounds."""
    return [
        Series(
            measurement=measurement,
            subject=name,
            unit=unit,
            samples=tuple(value(taken[name]) for taken in rounds),
            audio_seconds=audio_seconds,
        )
        # Those that failed in a later round are in the last one no more.
        for name in rounds[0]
        if name in rounds[-1]
    ]


def evict(files: Iterable[Path]) -> None:
    """Have the kernel forget what it holds of files, as after a restart of the machine.

    Whoever may read a file may do this, but for pages that some process has mapped.
    """
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # only what is on the disk can be forgotten
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
