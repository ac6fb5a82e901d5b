"""Comparing the operators that run on a GPU with stock PyTorch's on the processor.

A GPU adds up in another order, draws other random numbers, and rounds half precision once where
the processor's kernels round between their steps. So a result in half precision is right when it
is what the reference makes of the same numbers in half or in single precision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch_build.cuda.selection import CudaSelection, read_selection
from torch_build.operators import Operator, read_operators
from torch_build.verify.campaign import Verdict
from torch_build.verify.children import CRASH, Worker
from torch_build.verify.comparison import differences
from torch_build.verify.device_exceptions import (
    BEYOND,
    LEFT_OUT,
    RESULTS_ONLY,
)
from torch_build.verify.half_precision import in_half_precision, rounded, widened
from torch_build.verify.values import Case, Outcome, RandomGenerator, TensorResult

HALVES = ("BFloat16", "Half")
"""A GPU works in these where the trace, on a processor, worked in single precision."""

_WITHOUT = frozenset({"ComplexDouble", "ComplexFloat", "Double"})

_MISSING = (
    "is not in this build", "not implemented for", "invalid device function", "undefined symbol",
    "symbol lookup error", "no kernel image", "operation not supported",
)  # fmt: skip
"""What messages say of an operator, a kernel, a type, a symbol or a function that is not there."""


def device_operators(recipe: Path) -> tuple[Operator, ...]:
    """Return the operators that a GPU has kernels for, with the types that it has them for.

    Parameters
    ----------
    recipe : Path
        The folder with ``operators.yaml`` and ``selection.toml`` of the add-on.

    Raises
    ------
    BuildError
        When one of the files cannot be read or does not fit the other.
    """
    selection = read_selection(recipe / "selection.toml")
    chosen = selection.operators(read_operators(recipe / "operators.yaml"))
    return tuple(replace(one, dtypes=device_types(one, selection)) for one in chosen)


def device_types(operator: Operator, selection: CudaSelection) -> tuple[str, ...]:
    """Return the types that a GPU meets an operator with."""
    types = set(operator.dtypes)
    # An exception in the selection that is named as an operator is that operator's.
    exact = selection.dtypes.get(operator.name.removeprefix("aten::").partition(".")[0], ())
    wanted = (types - _WITHOUT) | {one for one in exact if one not in HALVES}
    if "Float" in wanted:
        wanted.update(HALVES)
    wanted -= {kind for name, kind in RESULTS_ONLY if name == operator.name}
    return tuple(sorted(wanted))


def device_cases(operator: Operator, reference: Worker) -> list[Case] | str:
    """Return the cases of an operator for a GPU, or why there are none.

    Indices outside of a tensor are left out: a GPU's kernels either do not look, or end all that
    the process does there.
    """
    cases = reference.cases(operator.name, list(operator.dtypes), placed=True)
    if isinstance(cases, str):
        return cases
    excepted = [part for name, part in LEFT_OUT if name in (operator.name, "")]
    return [
        _drawn_otherwise(case) for case in cases if not any(part in case.label for part in excepted)
    ]


def is_missing(outcome: Outcome) -> bool:
    """Return whether something is not there that the call needs: it is no matter of the device."""
    text = any(part in outcome.message for part in _MISSING)
    return bool(outcome.error) and (text or outcome.error in (CRASH, "NotImplementedError"))


def beyond_use(operator: str, outcome: Outcome) -> str:
    """Return what of `device_exceptions.BEYOND` excuses an outcome, or nothing."""
    return next((part for name, part in BEYOND if name == operator and part in outcome.message), "")


def verdict_on_device(operator: Operator, reference: Worker, tested: Worker) -> Verdict:
    """Return the verdict on one operator.

    Parameters
    ----------
    operator : Operator
        Of `device_operators`.
    reference : Worker
        Stock PyTorch's, on the processor.
    tested : Worker
        That of the build under test, on its device.
    """
    cases = device_cases(operator, reference)
    if isinstance(cases, str):
        return Verdict(name=operator.name, uncovered=cases)
    expected = list(reference.run(cases))
    exact = _in_single(cases, reference)
    found = list(tested.run(cases))
    return judge_on_device(operator.name, cases, expected, found, exact)


def judge_on_device(
    name: str,
    cases: Sequence[Case],
    expected: Sequence[Outcome],
    found: Sequence[Outcome],
    exact: Mapping[int, Outcome],
) -> Verdict:
    """Return the verdict on one operator.

    Parameters
    ----------
    name : str
        As in ``operators.yaml``.
    cases : sequence of Case
        What was called.
    expected, found : sequence of Outcome
        What the reference and the device did in each case.
    exact : mapping of int to Outcome
        By the number of a case in half precision, what the reference made of it in single.
    """
    verdict = Verdict(name=name)
    complaint = ""
    unmet = {part for operator, part in BEYOND if operator == name}
    for number, (case, one, other) in enumerate(zip(cases, expected, found, strict=True)):
        if one.error == CRASH:
            continue
        if one.error and other.error != CRASH:
            # A GPU may do what the processor has no kernel for, and the other way round.
            verdict.refused += 1
            complaint = f"stock raises {one.error}: {one.message}"
            continue
        verdict.compared += 1
        if excused := beyond_use(name, other) if is_missing(other) else "":
            unmet.discard(excused)
            verdict.absent += 1
            continue
        readable = replace(one, results=_readable(one.results, other.results))
        lines = differences(case, readable, other)
        if lines and not other.error and number in exact and not exact[number].error:
            lines = differences(case, rounded(readable, exact[number]), other)
        verdict.failures += [f"{case.label}: {line}" for line in lines]
    verdict.failures += [f"BEYOND excuses {part!r}, but no case needs it" for part in unmet]
    if not verdict.compared:
        verdict.uncovered = complaint or "there are no cases"
    return verdict


def _readable(expected: list[Any], found: list[Any]) -> list[Any]:
    """Return expected results without what the other build cannot read of a sparse tensor.

    On a device the stripped build has the places of its values, where they are in order, and not
    the values: a model's alignment heads are asked for no more.
    """
    return [
        _places(one, found[number]) if number < len(found) else one
        for number, one in enumerate(expected)
    ]


def _places(expected: Any, found: Any) -> Any:
    if not isinstance(expected, TensorResult) or not isinstance(found, TensorResult):
        return expected
    if expected.indices is None or found.indices is None or found.values.size:
        return expected
    places = expected.indices if found.indices.size else found.indices
    return replace(expected, values=found.values, indices=places)


def _in_single(cases: Sequence[Case], reference: Worker) -> dict[int, Outcome]:
    half = [number for number, case in enumerate(cases) if in_half_precision(case)]
    outcomes = reference.run([widened(cases[number]) for number in half])
    return dict(zip(half, outcomes, strict=True))


def _drawn_otherwise(case: Case) -> Case:
    """Return a case that compares random numbers by their distribution alone."""
    values = (*case.args, *case.kwargs.values())
    draws = any(isinstance(value, RandomGenerator) for value in values)
    return replace(case, check="distribution") if draws and case.check == "values" else case
