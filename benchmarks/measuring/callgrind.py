"""Count the instructions of a run, which do not depend on what else the machine does.

valgrind's tool callgrind counts them, for the processor that valgrind imitates: it has AVX2 and no
AVX-512, so that the program takes the same way on every processor. Those of the machine's own C
library are among them, and another distribution has another one. The environment is always the
same. What is left, a thousandth, comes from the seed of Python's hashes, which the frozen program
takes from the kernel; the median of several runs is quieter than one.
"""

from __future__ import annotations

import re
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure
from buildkit.commands import last_line, run_quietly
from buildkit.errors import BuildError, InputError, ToolError
from buildkit.system_packages import install, unpack_packages

ACTIONS = ("--version", "--help")
"""What is counted: where the program only starts and ends."""

RUNS = 5

_PACKAGE = "valgrind"
_TOTALS = re.compile(r"^totals: (\d+)$", flags=re.MULTILINE)
_MINUTES = 600.0


@dataclass(frozen=True, kw_only=True)
class Valgrind:
    """A valgrind that runs here."""

    program: Path
    tools: Path | None = None
    """The folder of its tools, where it is not the one that it was built for."""


def provide_valgrind(cache: Path) -> Valgrind:
    """Return the machine's valgrind; install it as root, or unpack its package into `cache`.

    A `ToolError` says that no way leads to one that runs.
    """
    root = cache / _PACKAGE
    reason = "it cannot be installed"
    for prepare in (False, True):
        if prepare and not install([_PACKAGE]):
            try:
                unpack_packages([_PACKAGE], root)
            except BuildError as error:
                reason = error.message
        for found in _candidates(root):
            if _count(found, ["/bin/true"]) is not None:
                return found
    raise ToolError(f"there is no valgrind that runs here: {reason}", "install valgrind")


def measure_instructions(executable: Path, cache: Path, *, runs: int = RUNS) -> list[Figure]:
    """Return the median instructions of `ACTIONS`: ``count/--version/instructions`` and so on.

    `cache` is a folder for valgrind where it can neither be found nor installed; a `BuildError`
    says why they cannot be counted.
    """
    if not executable.is_file():
        raise InputError(f"there is no {executable}", "run make native")
    valgrind = provide_valgrind(cache)
    counts = {
        action: [count_instructions(valgrind, [executable, action]) for _ in range(runs)]
        for action in ACTIONS
    }
    return [
        Figure(name=f"count/{action}/instructions", value=statistics.median(found))
        for action, found in counts.items()
    ]


def count_instructions(valgrind: Valgrind, command: Sequence[str | Path]) -> int:
    """Return the instructions that `command` takes, those of its children left out."""
    found = _count(valgrind, command)
    if found is None:
        raise ToolError(
            f"valgrind cannot count the instructions of {Path(command[0]).name}",
            "see whether the program runs by itself",
        )
    return found


def _candidates(root: Path) -> list[Valgrind]:
    """Return what there is: the machine's, and that which was unpacked in `root`."""
    installed = shutil.which(_PACKAGE)
    candidates = [Valgrind(program=Path(installed))] if installed else []
    unpacked = root / "usr/bin" / _PACKAGE
    # Debian has the tools in the one, others in the other.
    for name in ("libexec", "lib"):
        tools = root / "usr" / name / _PACKAGE
        if unpacked.is_file() and tools.is_dir():
            candidates.append(Valgrind(program=unpacked, tools=tools))
    return candidates


def _count(valgrind: Valgrind, command: Sequence[str | Path]) -> int | None:
    """Return the instructions of `command`; None when it fails."""
    with tempfile.TemporaryDirectory(prefix="callgrind-") as temporary:
        output = Path(temporary, "output")
        environment = ["PATH=/usr/bin:/bin", "HOME=/nonexistent", "LC_ALL=C.UTF-8"]
        if valgrind.tools:
            environment.append(f"VALGRIND_LIB={valgrind.tools}")
        words = [valgrind.program, "--tool=callgrind", f"--callgrind-out-file={output}", *command]
        code, said = run_quietly(
            # Where it starts is as long on every machine.
            ["env", "--ignore-environment", *environment, *words],
            limit=_MINUTES,
            directory=Path("/"),
        )
        if code or not output.is_file():
            return None
        found = _TOTALS.search(output.read_text(errors="replace"))
        if found is None:
            raise ToolError(f"valgrind counted nothing: {last_line(said)}")
        return int(found[1])
