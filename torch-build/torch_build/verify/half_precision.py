"""Cases in half precision and their results, in the terms of single precision and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from torch_build.verify.comparison import as_single
from torch_build.verify.values import (
    Buffer,
    Case,
    Constant,
    NewTensor,
    Outcome,
    SparseArgument,
    StorageOf,
    TensorArgument,
    TensorResult,
)

_TYPES = frozenset({"float16", "bfloat16"})


def in_half_precision(case: Case) -> bool:
    """Return whether a case is about tensors in half precision."""
    return case.label.partition(" ")[0] in _TYPES


def widened(case: Case) -> Case:
    """Return a case with single precision in the place of half."""
    return replace(
        case,
        args=tuple(_wide(value) for value in case.args),
        kwargs={name: _wide(value) for name, value in case.kwargs.items()},
    )


def rounded(expected: Outcome, exact: Outcome) -> Outcome:
    """Return an outcome whose numbers in half precision are those of an exact one, rounded."""
    return replace(
        expected,
        results=[
            _rounded_result(one, other)
            for one, other in zip(expected.results, exact.results, strict=True)
        ],
        buffers={
            where: _rounded_numbers(buffer, exact.buffers.get(where, buffer))
            for where, buffer in expected.buffers.items()
        },
    )


def _wide(value: Any) -> Any:  # noqa: PLR0911 - a table of types
    if isinstance(value, TensorArgument) and value.dtype in _TYPES:
        return replace(value, dtype="float32", buffer=as_single(value.buffer, value.dtype))
    if isinstance(value, NewTensor) and value.dtype in _TYPES:
        return replace(value, dtype="float32")
    if isinstance(value, Constant) and value.name in _TYPES:
        return Constant(name="float32")
    if isinstance(value, SparseArgument):
        return replace(value, values=_wide(value.values))
    if isinstance(value, StorageOf):
        return StorageOf(tensor=_wide(value.tensor))
    if isinstance(value, (list, tuple)):
        made = [_wide(item) for item in value]
        return made if isinstance(value, list) else tuple(made)
    return value


def _rounded_result(expected: Any, exact: Any) -> Any:
    if isinstance(expected, list) and isinstance(exact, list) and len(expected) == len(exact):
        pairs = zip(expected, exact, strict=True)
        return [_rounded_result(one, other) for one, other in pairs]
    if isinstance(expected, TensorResult) and isinstance(exact, TensorResult):
        return replace(expected, values=_rounded_numbers(expected.values, exact.values))
    return expected


def _rounded_numbers(expected: Buffer, exact: Buffer) -> Buffer:
    if exact.dtype != np.float32 or expected.shape != exact.shape:
        return expected
    with np.errstate(over="ignore", invalid="ignore"):
        if expected.dtype == np.float16:
            return exact.astype(np.float16)
        if expected.dtype == np.int16:  # the bits of bfloat16
            return _bfloat16_bits(exact)
    return expected


def _bfloat16_bits(numbers: Buffer) -> Buffer:
    """Return the upper halves of single-precision numbers, rounded to the nearest even one."""
    bits = np.ascontiguousarray(numbers).view(np.uint32)
    odd = (bits >> np.uint32(16)) & np.uint32(1)
    upper = ((bits.astype(np.uint64) + 0x7FFF + odd) >> np.uint64(16)).astype(np.uint16)
    # Rounding up would make an infinity of some of what is no number.
    return (
        np.where(np.isnan(numbers), np.uint16(0x7FC0), upper).view(np.int16).reshape(numbers.shape)
    )
