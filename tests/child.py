"""Running Python in a process of its own: for signals, limits and fresh imports."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]


def command(code: str, *arguments: str | Path) -> list[str]:
    """Return the command that runs `code`, which finds the arguments in ``sys.argv[1:]``."""
    return [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]


def environment(**changes: str) -> dict[str, str]:
    """Return this process's environment, with which a child finds the program's modules."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **changes}


def run(
    code: str,
    *arguments: str | Path,
    prefix: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run `code` to its end, for two minutes at most, and return what it printed."""
    return subprocess.run(
        [*prefix, *command(code, *arguments)],
        env=environment(**(variables or {})),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


def start(code: str, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start `code` with a pipe to read its output from."""
    return subprocess.Popen(
        command(code, *arguments), env=environment(), stdout=subprocess.PIPE, text=True, **options
    )


def bound_by_modes() -> list[str] | None:
    """Return the beginning of a command that file modes bind even where this process is root.

    None where it cannot be had.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    return (setpriv and [setpriv, "--bounding-set=-dac_override,-dac_read_search"]) or None
