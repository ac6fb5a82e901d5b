from __future__ import annotations

from typing import Any

import pytest

from transcriber.other_pythons.candidates import rank
from transcriber.other_pythons.interpreters import find_interpreters

from .machines import Machine, install_torch


def test_the_best_is_first(machine: Machine) -> None:
    for prefix, minor, version, cuda in (
        ("opt/a", 12, "2.6.0+cpu", None),
        ("opt/b", 9, "2.5.1+cu124", "12.4"),
        ("opt/c", 12, "2.10.0+cu128", "12.8"),
        ("opt/d", 13, "2.5.1+cu124", "12.4"),
        ("opt/e", 13, "1.12.1+cu102", "10.2"),
    ):
        install_torch(machine.installation(prefix, minor), version, cuda=cuda)
    machine.installation("opt/f", 13)
    ranked = rank(find_interpreters(machine.around()))
    assert [one.interpreter.path.parents[1].name for one in ranked] == list("cdbaef")
    assert [bool(one.problem) for one in ranked] == [False] * 4 + [True] * 2


@pytest.mark.parametrize(
    ("minor", "torch", "problem"),
    [
        (11, None, "it has no PyTorch"),
        (7, {}, "it is older than Python 3.8"),
        (11, {"python": "312"}, "its PyTorch is for Python 3.12"),
        (11, {"version": "1.12.1"}, "its PyTorch is older than 1.13"),
        (11, {"numpy": False}, "it has no NumPy"),
        (
            11,
            {"version": "2.6.0+whisper.cpu", "cuda": None},
            "its PyTorch is the one that is built for this program",
        ),
        (8, {"version": "1.13.0"}, ""),
        (14, {"python": "314"}, ""),
    ],
)
def test_why_one_cannot_be_used(
    machine: Machine, minor: int, torch: dict[str, Any] | None, problem: str
) -> None:
    packages = machine.installation("opt/python", minor)
    if torch is not None:
        install_torch(packages, **torch)
    (candidate,) = rank(find_interpreters(machine.around()))
    assert candidate.problem == problem


def test_it_is_described(machine: Machine) -> None:
    install_torch(machine.installation("opt/python", 9))
    machine.installation("opt/without", 10)
    first, second = rank(find_interpreters(machine.around()))
    assert first.label == str(machine.root / "opt/python/bin/python3.9")
    assert first.description == "PyTorch 2.5.1+cu124 for CUDA 12.4; Python 3.9, found by: system"
    assert second.description == "Python 3.10, found by: system"
