"""The arguments of a case as tensors of this process's PyTorch, and its results as plain data."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from torch_build.verify.values import (
    PROCESSOR,
    Buffer,
    Case,
    Constant,
    NewTensor,
    RandomGenerator,
    SparseArgument,
    StorageOf,
    TensorArgument,
    TensorResult,
)


class Arguments:
    """The arguments of one call, made for the PyTorch of this process.

    Parameters
    ----------
    case : Case
        The call.
    torch : module
        The build to make them for.
    device : str
        Where its tensors are to lie.
    """

    def __init__(self, case: Case, torch: Any, device: str = PROCESSOR) -> None:
        self._torch = torch
        self._device = device
        self.buffers: dict[str, Buffer] = {}
        self._there: dict[str, Any] = {}
        self.new: dict[str, Any] = {}
        self.args = tuple(self._make(value, str(at)) for at, value in enumerate(case.args))
        self.kwargs = {name: self._make(value, name) for name, value in case.kwargs.items()}

    def _make(self, value: Any, where: str) -> Any:  # noqa: PLR0911 - a table of types
        torch = self._torch
        match value:
            case TensorArgument():
                return self._tensor(value, where)
            case NewTensor():
                self.new[where] = torch.empty(
                    value.shape, dtype=getattr(torch, value.dtype), device=self._device
                )
                return self.new[where]
            case SparseArgument():
                indices = self._tensor(value.indices, f"{where}.indices")
                values = self._tensor(value.values, f"{where}.values")
                return torch.sparse_coo_tensor(
                    indices, values, value.shape, is_coalesced=value.coalesced
                )
            case Constant():
                # Whoever makes cases says "cpu" for the device that is tested.
                place = value.name == PROCESSOR
                return torch.device(self._device) if place else getattr(torch, value.name)
            case RandomGenerator():
                if self._device != PROCESSOR:
                    # The stripped build makes none for a device; that of the device serves.
                    return torch.cuda.manual_seed_all(value.seed)
                return torch.Generator().manual_seed(value.seed)
            case StorageOf():
                return self._tensor(value.tensor, where).untyped_storage()
            case list() | tuple():
                made = [self._make(item, f"{where}.{at}") for at, item in enumerate(value)]
                return made if isinstance(value, list) else tuple(made)
        return value

    def _tensor(self, value: TensorArgument, where: str) -> Any:
        buffer = value.buffer.copy()
        self.buffers[where] = buffer
        if self._device != PROCESSOR:
            return self._tensor_there(value, where)
        width = buffer.itemsize
        # An empty buffer has no address, and a tensor with no elements reads none.
        array = as_strided(
            buffer[value.offset :],
            value.shape,
            [stride * width for stride in value.strides],
            writeable=True,
        )
        tensor = self._torch.from_numpy(array)
        return tensor.view(self._torch.bfloat16) if value.dtype == "bfloat16" else tensor

    def _tensor_there(self, value: TensorArgument, where: str) -> Any:
        """Move all of a buffer to the device, and return the view of it that is the tensor."""
        whole = self._torch.from_numpy(self.buffers[where])
        if value.dtype == "bfloat16":
            whole = whole.view(self._torch.bfloat16)
        self._there[where] = whole = whole.to(self._device)
        # The build under test has the operator and no method.
        from torch_build.verify.adapter import call  # noqa: PLC0415

        return call("as_strided", "", (whole, [*value.shape], [*value.strides], value.offset), {})

    def bring_back(self) -> None:
        """Get what the operator left in the buffers from the device."""
        for where, whole in self._there.items():
            self.buffers[where] = self._numbers(whole)

    def encode(self, value: Any) -> Any:
        """Return a result as plain data."""
        torch = self._torch
        if isinstance(value, torch.Tensor):
            return self._encode_tensor(value)
        if isinstance(value, (list, tuple)):
            return [self.encode(item) for item in value]
        if value is None or isinstance(value, (bool, int, float, complex, str)):
            return value
        return str(value)

    def _encode_tensor(self, tensor: Any) -> TensorResult:
        dtype = str(tensor.dtype).removeprefix("torch.")
        shape = tuple(tensor.shape)
        if tensor.is_sparse and self._device != PROCESSOR:
            # Of a sparse tensor there, the build under test has no more than this.
            nothing = np.empty((0,), np.int64)
            places = self._numbers(tensor.indices()) if _in_order(tensor) else nothing
            return TensorResult(
                dtype=dtype, shape=shape, strides=(), values=nothing, indices=places
            )
        if tensor.is_sparse:
            return TensorResult(
                dtype=dtype,
                shape=shape,
                strides=(),
                values=self._numbers(tensor._values()),
                indices=self._numbers(tensor._indices()),
            )
        return TensorResult(
            dtype=dtype,
            shape=shape,
            strides=tuple(tensor.stride()),
            values=self._numbers(tensor),
            shares=self._shared(tensor.data_ptr(), tensor.element_size()),
        )

    def _numbers(self, tensor: Any) -> Buffer:
        there = tensor.cpu() if self._device != PROCESSOR else tensor
        bits = there.view(self._torch.int16) if there.dtype == self._torch.bfloat16 else there
        numbers: Buffer = bits.numpy().copy()
        return numbers

    def _shared(self, address: int, width: int) -> tuple[str, int] | None:
        for where, buffer in self.buffers.items():
            there = self._there.get(where)
            start = buffer.ctypes.data if there is None else there.data_ptr()
            if buffer.nbytes and start <= address < start + buffer.nbytes:
                return where, (address - start) // width
        return None


def _in_order(tensor: Any) -> bool:
    from torch_build.verify.adapter import call  # noqa: PLC0415

    return bool(call("is_coalesced", "", (tensor,), {}))
