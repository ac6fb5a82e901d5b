"""Random tensors of every type, size and memory layout that a kernel may treat differently."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator

import numpy as np

from torch_build.verify.values import NUMPY_TYPES, Buffer, TensorArgument

DTYPES = {
    "Float": "float32",
    "Double": "float64",
    "Half": "float16",
    "BFloat16": "bfloat16",
    "Long": "int64",
    "Int": "int32",
    "Short": "int16",
    "Char": "int8",
    "Byte": "uint8",
    "Bool": "bool",
    "ComplexFloat": "complex64",
    "ComplexDouble": "complex128",
}
"""The names in ``operators.yaml`` and Python's."""

FLOATING = frozenset({"float32", "float64", "float16", "bfloat16"})
COMPLEX = frozenset({"complex64", "complex128"})

SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (0,), (7,), (2, 0, 3), (5, 3), (3, 1, 4), (19, 67))
"""Odd sizes leave a rest behind every width of vector."""

LARGE = (5, 131, 67)
"""More elements than `at::internal::GRAIN_SIZE`, so that threads share the work."""

CONTIGUOUS = "contiguous"
LAYOUTS = (CONTIGUOUS, "transposed", "stepped", "offset", "expanded")

_SPECIAL = (math.nan, math.inf, -math.inf, -0.0, 0.0, 1e-30, 88.0, -104.0)


class Inputs:
    """A reproducible source of tensors of one type.

    Parameters
    ----------
    name : str
        What the tensors are for; the same name gives the same tensors.
    dtype : str
        PyTorch's name of the type.
    """

    def __init__(self, name: str, dtype: str) -> None:
        self.dtype = dtype
        self.random = np.random.Generator(np.random.PCG64(zlib.crc32(f"{name} {dtype}".encode())))

    @property
    def floating(self) -> bool:
        """Whether the type has fractions."""
        return self.dtype in FLOATING

    def tensor(
        self,
        shape: tuple[int, ...],
        layout: str = CONTIGUOUS,
        *,
        dtype: str = "",
        low: int | None = None,
        high: int | None = None,
        positive: bool = False,
    ) -> TensorArgument:
        """Return a tensor.

        Parameters
        ----------
        shape : tuple of int
            Its sizes.
        layout : str
            One of `LAYOUTS`.
        dtype : str, optional
            Another type than the usual one.
        low, high : int, optional
            Integers from `low` up to but without `high`, whatever the type.
        positive : bool
            Whether fractions are between 0 and 1 instead of normally distributed.
        """
        dtype = dtype or self.dtype
        rank = len(shape)
        size = math.prod(shape)
        offset, strides = 0, _contiguous(shape)
        if layout == "transposed" and rank > 1:
            strides = tuple(reversed(_contiguous(tuple(reversed(shape)))))
        elif layout == "stepped" and rank:
            strides = tuple(stride * 2 for stride in strides)
            offset, size = 1, size * 2 + 1
        elif layout == "offset":
            offset, size = 3, size + 5
        elif layout == "expanded" and rank and shape[0] > 1:
            strides = (0, *strides[1:])
            size = math.prod(shape[1:])
        buffer = self._buffer(max(size, 1), dtype, low, high, positive)
        return TensorArgument(
            buffer=buffer, dtype=dtype, shape=shape, strides=strides, offset=offset
        )

    def integers(self, values: list[int], shape: tuple[int, ...], dtype: str) -> TensorArgument:
        """Return a tensor of given integers."""
        buffer = np.array(values or [0], NUMPY_TYPES[dtype])
        return TensorArgument(buffer=buffer, dtype=dtype, shape=shape, strides=_contiguous(shape))

    def special(self) -> TensorArgument:
        """Return a tensor of infinities, not-a-numbers and values at a function's edges."""
        values = np.resize(np.array(_SPECIAL), 37)
        buffer = _cast(values, self.dtype)
        return TensorArgument(buffer=buffer, dtype=self.dtype, shape=(37,), strides=(1,))

    def _buffer(
        self, size: int, dtype: str, low: int | None, high: int | None, positive: bool
    ) -> Buffer:
        if low is not None or high is not None:
            return _cast(self.random.integers(low or 0, high or 9, size), dtype)
        if dtype in FLOATING:
            draw = self.random.random if positive else self.random.standard_normal
            return _cast(draw(size), dtype)
        if dtype in COMPLEX:
            parts = self.random.standard_normal((2, size))
            return _cast(parts[0] + 1j * parts[1], dtype)
        if dtype == "bool":
            return self.random.integers(0, 2, size).astype(bool)
        return self.random.integers(0 if dtype == "uint8" else -9, 10, size).astype(
            NUMPY_TYPES[dtype]
        )


def plain_tensors(inputs: Inputs) -> Iterator[tuple[str, TensorArgument]]:
    """Yield tensors of all sizes and layouts, each with what it is."""
    for shape in SHAPES:
        for layout in LAYOUTS if len(shape) > 1 and 0 not in shape else LAYOUTS[:1]:
            yield f"{shape} {layout}", inputs.tensor(shape, layout)
    for layout in LAYOUTS:
        yield f"(7,) {layout}", inputs.tensor((7,), layout)
    for layout in LAYOUTS[:2]:
        yield f"{LARGE} {layout}", inputs.tensor(LARGE, layout)
    if inputs.floating:
        yield "special values", inputs.special()


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, stride = [], 1
    for size in reversed(shape):
        strides.append(stride)
        stride *= max(size, 1)
    return tuple(reversed(strides))


def _cast(values: Buffer, dtype: str) -> Buffer:
    if dtype == "bfloat16":
        bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
        return (bits >> np.uint32(16)).astype(np.uint16).view(np.int16)
    return values.astype(NUMPY_TYPES[dtype])
