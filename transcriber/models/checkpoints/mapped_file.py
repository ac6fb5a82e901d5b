"""A file, or a file split into parts, as bytes that are read only where they are used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from transcriber.errors import ModelError
from transcriber.machine.memory import is_out_of_memory
from transcriber.models.checkpoints.checkpoint import Tensor

Bytes = npt.NDArray[np.uint8]


class MappedFile:
    """Bytes of one or more files, one after the other.

    They are mapped, not read: a checkpoint of several gigabytes passes through the page
    cache instead of filling the memory.

    Parameters
    ----------
    paths : sequence of Path
        The file, or its parts in their order.

    Attributes
    ----------
    size : int
        Length of all parts together, in bytes.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._parts = [_map(path) for path in paths]
        self.size = sum(part.size for part in self._parts)

    def __str__(self) -> str:
        return " + ".join(map(str, self._paths))

    def take(self, offset: int, length: int) -> Bytes:
        """Return `length` bytes from `offset` on: a view, or a copy where two parts meet.

        Raises
        ------
        ModelError
            When the file ends before.
        """
        # Compared before anything is allocated: both numbers may come from a damaged file.
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ModelError(
                f"{self} is damaged or cut short: "
                f"it has {self.size} bytes, but {length} are expected from byte {offset} on"
            )
        pieces = []
        for part in self._parts:
            if length and offset < part.size:
                pieces.append(part[offset : offset + length])
                length -= pieces[-1].size
            offset = max(0, offset - part.size)
        if len(pieces) == 1:
            return pieces[0]
        return np.concatenate(pieces) if pieces else np.empty(0, np.uint8)

    def tensor(self, offset: int, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Tensor:
        """Return the elements from byte `offset` on as a tensor.

        Raises
        ------
        ModelError
            When the file ends before, or no tensor can have that shape.
        """
        content = self.take(offset, math.prod(shape) * dtype.itemsize).view(dtype)
        try:
            return content.reshape(shape)
        except ValueError as error:
            # numpy limits the number of axes and, even without elements, their product.
            raise ModelError(f"{self} is damaged: at byte {offset} lies no tensor") from error


def _map(path: Path) -> Bytes:
    try:
        if path.stat().st_size == 0:
            return np.empty(0, np.uint8)
        return np.asarray(np.memmap(path, np.uint8, mode="r"))
    except OSError as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
