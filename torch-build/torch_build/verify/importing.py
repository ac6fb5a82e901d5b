"""What ``import torch`` costs in either build: time, modules, memory."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch_build.verify.interpreters import child_environment

# Not the peak that getrusage(2) tells, to which the memory of the parent process counts.
_CODE = r"""
import json, re, sys, time
before = set(sys.modules)
begin, cpu = time.perf_counter(), time.process_time()
import torch
print(json.dumps({
    "seconds": time.perf_counter() - begin,
    "cpu_seconds": time.process_time() - cpu,
    "modules": sorted(set(sys.modules) - before),
    "peak_mib": int(re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read())[1]) / 1024,
}))
"""
_SECONDS = 120


@dataclass(frozen=True, kw_only=True)
class Import:
    """One ``import torch`` in a new process.

    Attributes
    ----------
    seconds, cpu_seconds : float
        By the clock, and of the processor.
    modules : tuple of str
        What it brought into ``sys.modules``.
    peak_mib : float
        The most memory that the process had.
    """

    seconds: float
    cpu_seconds: float
    modules: tuple[str, ...]
    peak_mib: float


def import_torch(python: Path) -> Import:
    """Import PyTorch in a new process of an interpreter.

    Raises
    ------
    subprocess.CalledProcessError
        When that fails.
    """
    done = subprocess.run(
        [python, "-c", _CODE],
        # numpy's BLAS starts a thread for each processor when it is loaded, a second of processor
        # time where there are sixteen. That is not PyTorch's cost.
        env={**child_environment(), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
    read = json.loads(done.stdout)
    return Import(
        seconds=read["seconds"],
        cpu_seconds=read["cpu_seconds"],
        modules=tuple(read["modules"]),
        peak_mib=read["peak_mib"],
    )


def import_in_turns(pythons: Sequence[Path], rounds: int) -> list[list[Import]]:
    """Import in one interpreter after the other, `rounds` times, so that all meet the same load.

    Returns
    -------
    list of list of Import
        A list for each interpreter. The first import of each, which fills the disk's cache, is
        left out.
    """
    taken: list[list[Import]] = [[] for _ in pythons]
    for number in range(rounds + 1):
        # Who goes first has no advantage over the rounds.
        places = range(len(pythons))
        for place in places if number % 2 else reversed(places):
            taken[place].append(import_torch(pythons[place]))
    return [column[1:] for column in taken]
