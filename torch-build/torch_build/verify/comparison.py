"""Judging whether two builds of PyTorch did the same."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from torch_build.verify.children import CRASH
from torch_build.verify.values import Buffer, Case, Outcome, TensorArgument, TensorResult

TOLERANCES: dict[str, tuple[float, float]] = {
    "float64": (1e-7, 1e-7),
    "complex128": (1e-7, 1e-7),
    "float32": (1.3e-6, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "float16": (1e-3, 1e-3),
    "bfloat16": (1.6e-2, 1e-2),
}
"""Relative and absolute, as in ``torch.testing``, the absolute one of float16 being its unit at 1.

Both are for one rounding; the errors of a sum grow with the square root of its length.
"""

_KOLMOGOROV = 1.95
"""Two samples of one distribution are further apart once in a thousand times."""


_REFUSAL = ("is not in this build of PyTorch", "make trace")
"""What the message of a missing operator or kernel says, beside its name."""


def is_named_refusal(found: Outcome) -> bool:
    """Return whether the build said what it lacks, and how to add it."""
    return bool(found.error) and all(text in found.message for text in _REFUSAL)


def differences(case: Case, expected: Outcome, found: Outcome) -> list[str]:
    """Return what the build under test did otherwise, one line each; empty when nothing.

    Parameters
    ----------
    case : Case
        What was called.
    expected, found : Outcome
        What the reference and the build under test did.
    """
    if found.error == CRASH:
        return [f"crashed: {found.message}"]
    if expected.error:
        return [] if found.error else [f"did not refuse what raises {expected.error} in stock"]
    if found.error:
        return [f"raised {found.error}: {found.message}"]
    lines = _compare(case, "result", expected.results, found.results)
    if case.check == "selection" and not lines:
        lines = _selection(case, expected, found)
    for where, buffer in expected.buffers.items():
        other = found.buffers.get(where)
        what = f"argument {where}"
        if other is None:
            lines.append(f"{what} is missing")
        elif where not in case.written:
            if not np.array_equal(_bits(buffer), _bits(other)):
                lines.append(f"{what} was changed")
        elif case.check == "values":
            lines += _numbers(case, what, _numpy_dtype(case, where, buffer), buffer, other)
    return lines


def as_single(buffer: Buffer, dtype: str) -> Buffer:
    """Return numbers of half precision, which for bfloat16 are bits, in single precision."""
    if dtype != "bfloat16":
        return buffer.astype(np.float32)
    bits = np.ascontiguousarray(buffer).view(np.uint16).astype(np.uint32)
    return (bits << np.uint32(16)).view(np.float32)


def _bits(buffer: Buffer) -> Buffer:
    return np.frombuffer(buffer.tobytes(), np.uint8)


def _numpy_dtype(case: Case, where: str, buffer: Buffer) -> str:
    value = case.args[int(where)] if where.isdigit() else case.kwargs.get(where)
    return value.dtype if isinstance(value, TensorArgument) else str(buffer.dtype)


def _compare(  # noqa: PLR0911 - a table of types
    case: Case, what: str, expected: Any, found: Any
) -> list[str]:
    if isinstance(expected, TensorResult):
        if not isinstance(found, TensorResult):
            return [f"{what} is a {type(found).__name__} instead of a tensor"]
        return _tensors(case, what, expected, found)
    if isinstance(expected, list):
        if not isinstance(found, list) or len(expected) != len(found):
            return [f"{what} has another number of parts"]
        pairs = zip(expected, found, strict=True)
        return [
            line for at, pair in enumerate(pairs) for line in _compare(case, f"{what} {at}", *pair)
        ]
    if case.check == "shape" or expected == found:
        return []
    if isinstance(expected, float) and isinstance(found, float):
        close = math.isclose(expected, found, rel_tol=1e-5) or (
            math.isnan(expected) and math.isnan(found)
        )
        return [] if close else [f"{what} is {found} instead of {expected}"]
    return [f"{what} is {found!r} instead of {expected!r}"]


def _tensors(case: Case, what: str, expected: TensorResult, found: TensorResult) -> list[str]:
    for name in ("dtype", "shape"):
        one, other = getattr(expected, name), getattr(found, name)
        if one != other:
            return [f"{what} has {name} {other} instead of {one}"]
    if (expected.indices is None) != (found.indices is None):
        return [f"{what} is sparse in one build only"]
    lines = []
    if expected.indices is not None and found.indices is not None:
        lines = _numbers(case, f"{what}'s indices", "int64", expected.indices, found.indices)
    if (expected.shares is None) != (found.shares is None) or (
        expected.shares and expected.shares != found.shares
    ):
        lines.append(f"{what} lies in {found.shares} instead of {expected.shares}")
    elif expected.shares and expected.values.size and expected.strides != found.strides:
        lines.append(f"{what} has strides {found.strides} instead of {expected.strides}")
    if case.check == "distribution":
        return lines + _distributions(what, expected.values, found.values)
    ordered = case.check == "selection" and expected.dtype == "int64"
    if case.check == "shape" or (ordered and what != "result 0"):
        return lines
    return lines + _numbers(case, what, expected.dtype, expected.values, found.values)


def _numbers(case: Case, what: str, dtype: str, expected: Buffer, found: Buffer) -> list[str]:
    if expected.shape != found.shape:
        return [f"{what} has shape {found.shape} instead of {expected.shape}"]
    if dtype == "bfloat16":
        expected, found = as_single(expected, dtype), as_single(found, dtype)
    if dtype not in TOLERANCES:
        equal = expected == found
        return [] if equal.all() else [f"{what}: {int((~equal).sum())} of {equal.size} differ"]
    relative, absolute = (limit * math.sqrt(case.terms) for limit in TOLERANCES[dtype])
    wide = np.complex128 if np.iscomplexobj(expected) else np.float64
    one, other = expected.astype(wide), found.astype(wide)
    close = np.isclose(other, one, rtol=relative, atol=absolute, equal_nan=True)
    if close.all():
        return []
    with np.errstate(invalid="ignore"):
        worst = np.nanmax(np.abs(one - other)[~close], initial=0.0)
    return [f"{what}: {int((~close).sum())} of {close.size} differ, by up to {worst:.3g}"]


def _distributions(what: str, expected: Buffer, found: Buffer) -> list[str]:
    one, other = (values.astype(np.float64).ravel() for values in (expected, found))
    if one.size == 0:
        return []
    points = np.union1d(one, other)
    shares = [
        np.searchsorted(np.sort(values), points, "right") / values.size for values in (one, other)
    ]
    distance = float(np.abs(shares[0] - shares[1]).max())
    limit = _KOLMOGOROV * math.sqrt(2 / one.size)
    return [] if distance <= limit else [f"{what}: distributions are {distance:.3f} apart"]


def _selection(case: Case, expected: Outcome, found: Outcome) -> list[str]:
    """Check indices by what they select, which ties don't change."""
    source = case.args[0]
    places = [
        (one.values, other.values)
        for one, other in zip(expected.results, found.results, strict=True)
        if isinstance(one, TensorResult) and one.dtype == "int64" and one.shape
    ]
    if not places or not isinstance(source, TensorArgument):
        return []
    array = np.lib.stride_tricks.as_strided(
        source.buffer[source.offset :],
        source.shape,
        [stride * source.buffer.itemsize for stride in source.strides],
    )
    # The dimension is the one in which the indices may be fewer; else any that fits will do.
    one, other = places[-1]
    if one.ndim != array.ndim or not one.size:
        return []
    for dim in range(array.ndim):
        rest = [size for at, size in enumerate(array.shape) if at != dim]
        if rest != [size for at, size in enumerate(one.shape) if at != dim]:
            continue
        if other.min() < 0 or other.max() >= array.shape[dim]:
            continue
        chosen, wanted = (np.take_along_axis(array, at, dim) for at in (other, one))
        unique = np.sort(other, dim)
        if (np.diff(unique, axis=dim) > 0).all() and np.array_equal(
            chosen, wanted, equal_nan=array.dtype.kind == "f"
        ):
            return []
    return ["the indices select other values"]
