"""Arguments and results of an operator as plain data, which two builds of PyTorch exchange.

A tensor argument is the buffer it lies in with sizes, strides and offset, so that what an operator
writes outside its tensor is seen too. Nothing here needs an operator of PyTorch but for tensors
that NumPy has no type for: the build under test has few of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Buffer = NDArray[Any]

PROCESSOR = "cpu"
"""The device of the reference, and of the build under test unless it is told another."""

NUMPY_TYPES: dict[str, str] = {
    "float32": "float32",
    "float64": "float64",
    "float16": "float16",
    "bfloat16": "int16",
    "int64": "int64",
    "int32": "int32",
    "int16": "int16",
    "int8": "int8",
    "uint8": "uint8",
    "bool": "bool",
    "complex64": "complex64",
    "complex128": "complex128",
}
"""The type of the buffer of each of PyTorch's, which for bfloat16 holds the bits only."""


@dataclass(frozen=True, kw_only=True)
class TensorArgument:
    """A strided tensor.

    Attributes
    ----------
    buffer : numpy.ndarray, shape = (elements,)
        All that its storage holds.
    dtype : str
        PyTorch's name of the type.
    shape, strides : tuple of int
        Strides count elements.
    offset : int
        Of the first element in the buffer.
    """

    buffer: Buffer
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def elements(self) -> int:
        """The number of elements, repeated ones counted each time."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def overlaps(self) -> bool:
        """Whether two elements share a place, so that the tensor cannot be written to."""
        return any(
            stride == 0 and size > 1 for stride, size in zip(self.strides, self.shape, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class NewTensor:
    """A tensor of PyTorch's own memory with undefined content: what ``out=`` may resize."""

    dtype: str
    shape: tuple[int, ...] = (0,)


@dataclass(frozen=True, kw_only=True)
class SparseArgument:
    """A coordinate tensor made from its indices and values."""

    indices: TensorArgument
    values: TensorArgument
    shape: tuple[int, ...]
    coalesced: bool = True


@dataclass(frozen=True, kw_only=True)
class Constant:
    """An attribute of the module ``torch``, such as a dtype, layout or memory format."""

    name: str


@dataclass(frozen=True, kw_only=True)
class RandomGenerator:
    """A generator of random numbers in a known state."""

    seed: int


@dataclass(frozen=True, kw_only=True)
class StorageOf:
    """The storage of a tensor, which ``set_`` takes."""

    tensor: TensorArgument


@dataclass(frozen=True, kw_only=True)
class Case:
    """One call of an operator.

    Attributes
    ----------
    operator, overload : str
        ``add`` and ``Tensor``; an overload without a name is the empty string.
    label : str
        What is special about this call.
    check : str
        ``values``; ``shape`` where the content is undefined; ``distribution`` where the two
        builds draw different random numbers; ``selection`` where ties leave a choice between
        indices and the first argument says which are right.
    terms : int
        How many products or summands are added up for one element of the result.
    written : tuple of str
        Arguments that the operator changes, as positions or names.
    """

    operator: str
    overload: str
    label: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    check: str = "values"
    terms: int = 1
    written: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name under which PyTorch lists the overload."""
        return f"aten::{self.operator}" + (f".{self.overload}" if self.overload else "")


@dataclass(frozen=True, kw_only=True)
class TensorResult:
    """A tensor that an operator returned or changed.

    Attributes
    ----------
    values : numpy.ndarray
        A copy in the tensor's shape; those that are not zero for a sparse tensor.
    indices : numpy.ndarray or None
        Where those of a sparse tensor are.
    shares : tuple of (str, int) or None
        The argument whose buffer it lies in, and its offset there.
    """

    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    values: Buffer
    shares: tuple[str, int] | None = None
    indices: Buffer | None = None


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a call did.

    Attributes
    ----------
    results : list
        What it returned, tensors as `TensorResult`; empty after an error.
    buffers : dict
        The buffers of its tensor arguments afterwards.
    error, message : str
        The exception's class and text; empty without one.
    """

    results: list[Any]
    buffers: dict[str, Buffer]
    error: str = ""
    message: str = ""

    @property
    def ends_the_device(self) -> bool:
        """Whether a GPU may answer nothing but errors from here on, until the process ends."""
        return self.message.startswith(("CUDA error", "CUDA driver error"))
