"""What the processor is, which part of it this process may use, and how busy that part is.

Everything is read from ``/proc`` and ``/sys``. Every function takes the root of the file system
as `root`, so that a test can build another.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from pathlib import Path

from transcriber.machine.system_files import read_text

RELEVANT_FEATURES = (
    "sse4_2",
    "avx",
    "avx2",
    "fma",
    "f16c",
    "avx_vnni",
    "avx512f",
    "avx512bw",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "asimddp",
    "i8mm",
    "bf16",
    "sve",
    "sve2",
)
"""The instruction sets that matrix libraries choose their kernels by, as the kernel names them."""

SAMPLE_SECONDS = 0.1
"""The kernel counts in steps of 10 ms: a tenth of a second tells tenths of a processor apart."""


def processor_model(root: Path = Path("/")) -> str:
    """Return the processor's name, or ``unknown`` (ARM kernels print none)."""
    for key in ("model name", "Model", "Hardware", "cpu model"):
        for line in _cpuinfo(root):
            name, separator, value = line.partition(":")
            if separator and name.strip() == key and value.strip():
                return " ".join(value.split())
    return "unknown"


def processor_features(root: Path = Path("/")) -> tuple[str, ...]:
    """Return those of `RELEVANT_FEATURES` that every processor of the machine has."""
    common: set[str] | None = None
    for line in _cpuinfo(root):
        name, separator, value = line.partition(":")
        if separator and name.strip() in {"flags", "Features"}:
            features = set(value.split())
            # On hybrid machines a thread may run on the processor with the fewest.
            common = features if common is None else common & features
    return tuple(feature for feature in RELEVANT_FEATURES if feature in (common or ()))


def allowed_processors() -> frozenset[int]:
    """Return the numbers of the logical processors that this process may run on."""
    return frozenset(os.sched_getaffinity(0))


def physical_cores(processors: Collection[int], root: Path = Path("/")) -> int:
    """Count the physical cores among logical `processors`.

    Logical processors that share a core (SMT, "Hyper-Threading") share its arithmetic units. One
    whose topology cannot be read counts as a core of its own.
    """
    cores = set()
    for processor in processors:
        topology = root / f"sys/devices/system/cpu/cpu{processor}/topology"
        # The second is the name before Linux 5.3.
        names = ("core_cpus_list", "thread_siblings_list")
        siblings = next(filter(None, (read_text(topology / name) for name in names)), "")
        cores.add(siblings or f"cpu{processor}")
    return len(cores)


def busy_processors(
    processors: Collection[int],
    root: Path = Path("/"),
    *,
    seconds: float = SAMPLE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> float | None:
    """Measure how many of `processors` other work keeps busy at present.

    This process sleeps meanwhile, so that its own work is not in the result. Work at a lower
    priority ("nice") counts in full: where the kernel groups processes by session or by control
    group, niceness is weighed within a group only, and the others do not make way.

    Returns
    -------
    float or None
        Between 0 and ``len(processors)``; None where ``/proc/stat`` cannot be read.
    """
    before = _processor_times(root)
    sleep(seconds)
    after = _processor_times(root)
    busy, measured = 0.0, False
    for processor in processors:
        if processor in before and processor in after:
            used = after[processor][0] - before[processor][0]
            total = after[processor][1] - before[processor][1]
            if total > 0:
                busy += min(max(used / total, 0.0), 1.0)
                measured = True
    return busy if measured else None


def _processor_times(root: Path) -> dict[int, tuple[int, int]]:
    """Return the clock ticks in use and in all of each processor, from ``/proc/stat``.

    The columns are user, nice, system, idle, iowait, irq, softirq and steal (``proc_stat(5)``).
    Guest time is contained in user time. Time stolen by another virtual machine is not ours.
    """
    times = {}
    for line in read_text(root / "proc/stat").splitlines():
        name, *fields = line.split()
        number = name.removeprefix("cpu")
        if name.startswith("cpu") and number.isdecimal() and len(fields) >= 8:
            ticks = [int(field) for field in fields[:8]]
            idle = ticks[3] + ticks[4]
            times[int(number)] = (sum(ticks) - idle, sum(ticks))
    return times


def _cpuinfo(root: Path) -> list[str]:
    return read_text(root / "proc/cpuinfo").splitlines()
