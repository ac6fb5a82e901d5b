"""What the machine says of the energy that it has used, where it does.

Linux tells it of the packages of many processors, to the superuser, in microjoules that start anew
at some height. It is that of all that runs: what is compared runs in turns, and alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from transcriber.machine.system_files import read_text

COUNTERS = Path("/sys/class/powercap")

UNTOLD = "this machine does not tell its energy"


def counters(folder: Path = COUNTERS) -> dict[Path, int]:
    """Return the microjoules of each package, by where they are read; nothing is untold."""
    found = {}
    for package in sorted(folder.glob("intel-rapl:?")):
        text = read_text(package / "energy_uj").strip()
        if text.isdecimal():
            found[package] = int(text)
    return found


def joules(before: Mapping[Path, int], after: Mapping[Path, int]) -> float:
    """Return what was used between two readings of `counters`; 0 where nobody tells."""
    total = 0
    for package in before.keys() & after.keys():
        used = after[package] - before[package]
        if used < 0:
            used += int(read_text(package / "max_energy_range_uj").strip() or 0)
        total += max(0, used)
    return total / 1e6
