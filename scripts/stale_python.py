"""Tell which pins of Python packages are behind the index that pip is configured for."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from buildkit.commands import Command, last_line, run_quietly
from scripts.layout import PYTHON
from scripts.stale import Finding, State

_AT_ONCE = 4
"""Questions to the index at a time; each takes a second, most of it pip's start."""

_LIMIT = 120.0
"""Seconds for one."""


@dataclass(frozen=True, kw_only=True, order=True)
class PythonPin:
    """A pinned Python package.

    Attributes
    ----------
    name, version : str
        As the index has them.
    """

    name: str
    version: str


def pins_in(requirements: Path) -> list[PythonPin]:
    """Return the pins in a requirements file, which are all of the form ``NAME==VERSION``."""
    found = re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;\\]+)", requirements.read_text())
    return [PythonPin(name=name, version=version) for name, version in found]


def check_python(pins: Iterable[PythonPin]) -> list[Finding]:
    """Compare pins with the newest version that pip would take for its own Python.

    Returns
    -------
    list of Finding
        One for each pin that is different, by name.
    """
    listed = sorted(set(pins))
    with ThreadPoolExecutor(_AT_ONCE) as workers:
        answers = list(workers.map(_newest, [pin.name for pin in listed]))
    return [_finding(pin, *answer) for pin, answer in zip(listed, answers, strict=True)]


def newest_in(output: str) -> str:
    """Return the newest version in what ``pip index versions`` printed; empty when it has none."""
    found = re.search(r"(?m)^[A-Za-z0-9._-]+ \((\S+)\)$", output)
    return found[1] if found else ""


def _newest(name: str) -> tuple[str, str]:
    """Return the newest version of a package, or nothing and what pip said."""
    python = PYTHON if PYTHON.is_file() else Path(sys.executable)
    pip: Command = [python, "-m", "pip", "--disable-pip-version-check", "index", "versions", name]
    _, output = run_quietly(pip, limit=_LIMIT)
    return newest_in(output), last_line(output)


def _finding(pin: PythonPin, newest: str, said: str) -> Finding:
    if not newest:
        return Finding(what=pin.name, state=State.UNKNOWN, text=f"has no version: {said}")
    if newest == pin.version or pin.version.startswith(f"{newest}+"):
        return Finding(what=pin.name, state=State.CURRENT, text=f"is {pin.version}")
    return Finding(
        what=pin.name,
        state=State.BEHIND,
        text=f"is {pin.version}, the index has {newest}",
        newest=newest,
    )
