"""Going through all selected operators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch_build.operators import Operator
from torch_build.verify.children import CRASH, Worker
from torch_build.verify.comparison import differences, is_named_refusal
from torch_build.verify.exceptions import (
    ABSENT_TYPES,
    DIFFERENCES,
    PROCESSOR_DIFFERENCES,
    UNCOVERED,
)
from torch_build.verify.values import Case, Outcome

SHOWN = 5
"""Failures of one operator that are told apart; the others are counted."""


@dataclass(kw_only=True)
class Verdict:
    """What became of one overload.

    Attributes
    ----------
    name : str
        As in ``operators.yaml``.
    compared : int
        Cases that stock PyTorch answered.
    refused : int
        Cases that stock PyTorch refused, as the other must.
    absent : int
        Those of `compared` that need something which nothing traced needs, so that the stripped
        build refused them with its name.
    failures : list of str
        A line for each difference.
    uncovered : str
        Why nothing was compared; empty when something was.
    """

    name: str
    compared: int = 0
    refused: int = 0
    absent: int = 0
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
    cases = reference.cases(operator.name, list(operator.dtypes))
    if isinstance(cases, str):
        return Verdict(name=operator.name, uncovered=cases)
    return judge(operator.name, cases, list(reference.run(cases)), list(tested.run(cases)))


def judge(
    name: str, cases: Sequence[Case], expected: Sequence[Outcome], found: Sequence[Outcome]
) -> Verdict:
    """Return the verdict on one operator.

    A named refusal is right beyond what was traced, but would hide a hole where a whole type or
    most of the operator refuses, which is a failure therefore.

    Parameters
    ----------
    name : str
        As in ``operators.yaml``.
    cases : sequence of Case
        What was called.
    expected, found : sequence of Outcome
        What the reference and the build under test did in each case.
    """
    verdict = Verdict(name=name)
    compared: Counter[str] = Counter()
    absent: Counter[str] = Counter()
    complaint = ""
    unmet = {part for operator, part in DIFFERENCES if operator == name}
    for case, one, other in zip(cases, expected, found, strict=True):
        parts = {part for part in DIFFERENCES if part[0] == name and part[1] in case.label}
        unmet -= {part for _, part in parts}
        if one.error == CRASH:
            # Only the stripped build's behaviour is in question here.
            continue
        dtype = case.label.partition(" ")[0]
        if one.error:
            verdict.refused += 1
            complaint = f"stock raises {one.error}: {one.message}"
        else:
            compared[dtype] += 1
            if is_named_refusal(other):
                absent[dtype] += 1
                continue
        lines = differences(case, one, other)
        if parts and other.error != CRASH:
            lines = [] if lines else ["does what stock does, though DIFFERENCES excepts it"]
        if other.error != CRASH and any(
            operator == name and part in case.label for operator, part in PROCESSOR_DIFFERENCES
        ):
            lines = []
        verdict.failures += [f"{case.label}: {line}" for line in lines]
    verdict.compared, verdict.absent = compared.total(), absent.total()
    verdict.failures += _holes(name, compared, absent)
    verdict.failures += [f"DIFFERENCES excepts {part!r}, but no case is so" for part in unmet]
    if not verdict.compared:
        verdict.uncovered = complaint or "there are no cases"
    return verdict


def _holes(name: str, compared: Counter[str], absent: Counter[str]) -> list[str]:
    lines = [
        f"{dtype}: all {count} cases are refused"
        for dtype, count in compared.items()
        if absent[dtype] == count and (name, dtype) not in ABSENT_TYPES
    ]
    if absent.total() * 2 > compared.total():
        lines.append(f"{absent.total()} of {compared.total()} cases are refused")
    return lines


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return how many cases were compared, and what the build refused with a name, in lines."""
    compared, refused, absent = (
        sum(getattr(verdict, name) for verdict in verdicts)
        for name in ("compared", "refused", "absent")
    )
    head = (
        f"{len(verdicts)} operators: {compared - absent} calls do what stock does, {refused} are "
        f"refused by both builds, {absent} need what is not built and say so:"
    )
    rows = [
        f"  {verdict.name}: {verdict.absent} of {verdict.compared}"
        for verdict in verdicts
        if verdict.absent
    ]
    return "\n".join([head, *rows])
