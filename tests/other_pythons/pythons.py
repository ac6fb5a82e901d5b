"""The Pythons of this machine, found as the program finds them, for tests that run them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from transcriber.other_pythons.candidates import OLDEST_PYTHON, Candidate, rank
from transcriber.other_pythons.interpreters import find_interpreters, inspect_interpreter
from transcriber.other_pythons.places import Surroundings

REPOSITORY = Path(__file__).resolve().parents[2]

STOCK = REPOSITORY / ".cache/stock/bin/python"
"""The Python with stock PyTorch that ``make setup`` makes: one that is always there."""


@dataclass(frozen=True, kw_only=True)
class Python:
    """A Python of this machine."""

    path: Path
    version: tuple[int, int]


def _candidates() -> list[Candidate]:
    around = Surroundings.of_this_process()
    stock = inspect_interpreter(STOCK, "make setup", around)
    return rank([*([stock] if stock else []), *find_interpreters(around)])


CANDIDATES = _candidates()


def _one_of_each_version() -> list[Python]:
    found = {
        one.interpreter.version: Python(path=one.interpreter.path, version=one.interpreter.version)
        for one in reversed(CANDIDATES)
        if one.interpreter.version >= OLDEST_PYTHON
    }
    return [found[version] for version in sorted(found)]


def _named(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


PYTHONS = [pytest.param(one, id=_named(one.version)) for one in _one_of_each_version()]
"""One of each version that the program can use, with PyTorch or without."""

WITH_TORCH = [
    pytest.param(one, id=f"{_named(one.interpreter.version)}-torch-{one.torch.version}")
    for one in CANDIDATES
    if one.torch is not None and not one.problem
]
"""Every Python with a PyTorch that should do."""
