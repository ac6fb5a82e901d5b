"""Measure how the program starts: its time, its memory, and what it reads from the disk.

The reference is Python's own start, ``python -c pass``, which every machine does in about the time
that its processor and its disk deserve.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Series
from benchmarks.measuring.processes import Subject, evict, in_turns, series

PYTHON_ITSELF = "python -I -S -c pass"

ACTIONS = ("--version", "--help")

MOUNTED = "mounted"

COLD = "--version, cold"
"""The start of a program of which nothing is in memory."""


def python_itself() -> Subject:
    """Return the reference: the interpreter without the environment that it runs in."""
    python = os.path.realpath(sys.executable)
    return Subject(name=PYTHON_ITSELF, command=(python, "-I", "-S", "-c", "pass"))


def can_mount() -> bool:
    """Whether an AppImage is mounted here; else it unpacks itself without a word."""
    return os.access("/dev/fuse", os.R_OK | os.W_OK)


def appimages(folder: Path) -> list[Subject]:
    """Return the ways to start each AppImage of a folder: mounted, and from where it unpacks."""
    found = []
    for path in sorted(folder.glob("transcriber-*.AppImage")):
        name = path.name.removeprefix("transcriber-").partition("-x86_64")[0]
        # Empty: the caller's own choice is none of the measured start.
        for way, value in ((MOUNTED, ""), ("unpacked", "1")):
            found.append(
                Subject(
                    name=f"{name} AppImage, {way}",
                    command=(str(path),),
                    variables={"APPIMAGE_EXTRACT_AND_RUN": value},
                )
            )
    return found


def measure_starts(subjects: Sequence[Subject], rounds: int) -> list[list[Series]]:
    """Return the times of each of `ACTIONS`, and its peak memory, with those of `PYTHON_ITSELF`."""
    measured = []
    for action in ACTIONS:
        started = [*(subject.with_words(action) for subject in subjects), python_itself()]
        taken = in_turns(started, rounds)
        measured.append(series(f"start/{action}", taken, "s", lambda one: one.seconds))
        measured.append(series(f"memory/{action}", taken, "MiB", lambda one: one.mib))
    return measured


def measure_cold_start(
    subject: Subject, folder: Path, rounds: int
) -> tuple[list[Series], list[Series]]:
    """Measure ``--version`` when nothing in the `folder` of the program is in memory.

    The C library and the like stay there, as other programs use them.

    Returns
    -------
    (list of Series, list of Series)
        The times in seconds, with those of `PYTHON_ITSELF`; the MiB that the program alone read
        from the disk.
    """
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    started = [subject.with_words("--version"), python_itself()]
    taken = in_turns(started, rounds, before=lambda: evict(files))
    times = series(f"start/{COLD}", taken, "s", lambda one: one.seconds)
    read = series(f"read/{COLD}", taken, "MiB", lambda one: one.read_bytes / 2**20)
    return times, [one for one in read if one.subject == subject.name]
