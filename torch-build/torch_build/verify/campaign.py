"""Going through all selected operators."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from torch_build.operators import Operator
from torch_build.verify.children import CRASH, Worker
from torch_build.verify.comparison import differences
from torch_build.verify.exceptions import DIFFERENCES, UNCOVERED
from torch_build.verify.values import Case

SHOWN = 5
"""Failures of one operator that are told apart; the others are counted."""

REFUSALS = ("make trace", "not selected for kernel tag")
"""What the message of an operator or a kernel that the stripped build lacks says."""

_FLOATING = ("float32", "float16", "float64", "bfloat16", "complex64")


@dataclass(kw_only=True)
class Verdict:
    """What became of one overload.

    Attributes
    ----------
    name : str
        As in ``operators.yaml``.
    compared : int
        Cases that stock PyTorch took and both answered.
    refused : int
        Cases that stock PyTorch refused, as the other must.
    unselected : tuple of str
        Types that only results or indices have, which the stripped build has no kernel for.
    failures : list of str
        A line for each difference.
    uncovered : str
        Why nothing was compared; empty when something was.
    """

    name: str
    compared: int = 0
    refused: int = 0
    unselected: tuple[str, ...] = ()
    failures: list[str] = field(default_factory=list)
    uncovered: str = ""

    @property
    def problems(self) -> list[str]:
        """What a test must fail on, one line each."""
        if self.uncovered and self.name not in UNCOVERED:
            return [f"{self.name} is not covered: {self.uncovered}"]
        lines = [f"{self.name}: {line}" for line in self.failures[:SHOWN]]
        if len(self.failures) > SHOWN:
            lines.append(f"{self.name}: {len(self.failures) - SHOWN} more")
        return lines


def compare_builds(operators: Iterable[Operator], stock: Path, ours: Path) -> Iterator[Verdict]:
    """Yield a verdict for each operator.

    Parameters
    ----------
    operators : iterable of Operator
        What is to be compared.
    stock, ours : Path
        The interpreters of the reference and of the build under test.
    """
    with Worker(stock) as reference, Worker(ours) as tested:
        for operator in operators:
            yield verdict_of(operator, reference, tested)


def verdict_of(operator: Operator, reference: Worker, tested: Worker) -> Verdict:
    """Return the verdict on one operator, from workers of the reference and the other build."""
    verdict = Verdict(name=operator.name)
    cases = reference.cases(operator.name, list(operator.dtypes))
    if isinstance(cases, str):
        verdict.uncovered = cases
        return verdict
    kernels: dict[str, list[bool]] = {}
    failures: list[tuple[str, str]] = []
    complaint = ""
    chosen = [case for case in cases if not _excepted(case)]
    for case, expected, found in zip(
        chosen, reference.run(chosen), tested.run(chosen), strict=True
    ):
        if expected.error == CRASH:
            # Only the stripped build's behaviour is in question here.
            continue
        dtype = case.label.partition(" ")[0]
        if expected.error:
            verdict.refused += 1
            complaint = f"stock raises {expected.error}: {expected.message}"
        else:
            verdict.compared += 1
            kernels.setdefault(dtype, []).append(
                not any(text in found.message for text in REFUSALS)
            )
        failures += [
            (dtype, f"{case.label}: {line}") for line in differences(case, expected, found)
        ]
    # The list of types is that of arguments and results alike: the kernel of a comparison is not
    # needed for its result's type.
    verdict.unselected = tuple(
        dtype
        for dtype, present in kernels.items()
        if not any(present) and dtype not in _FLOATING and any(map(any, kernels.values()))
    )
    verdict.failures = [line for dtype, line in failures if dtype not in verdict.unselected]
    if not verdict.compared:
        verdict.uncovered = complaint or "there are no cases"
    return verdict


def _excepted(case: Case) -> bool:
    return any(case.name == name and part in case.label for name, part in DIFFERENCES)
