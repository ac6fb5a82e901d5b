"""The safetensors format: the length of a header, the header in JSON, then the raw tensors.

The `safetensors` library would bring a native extension for that much. The header gives each
tensor's type, shape and place; the places follow each other without a gap from the first byte
after the header to the last byte of the file.

Source: the format section of the safetensors README, and ``Metadata::validate`` in its
``safetensors/src/tensor.rs``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import BFLOAT16, FLOAT16, FLOAT32, Tensor
from transcriber.models.checkpoints.configuration import LIMIT, parse_json
from transcriber.models.checkpoints.mapped_file import MappedFile

_TYPES: dict[str, np.dtype[Any]] = {"F32": FLOAT32, "F16": FLOAT16, "BF16": BFLOAT16}


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of `path` by their names, as views of the file.

    Raises
    ------
    ModelError
        When the file is damaged, cut short or holds other types than weights have.
    """
    file = MappedFile([path])
    length = int(file.take(0, 8).view("<u8")[0])
    if length > LIMIT:
        raise ModelError(f"{path} is damaged: its header claims {length} bytes")
    header = parse_json(file.take(8, length).tobytes(), f"the header of {path}")
    header.pop("__metadata__", None)
    start = 8 + length
    places: list[tuple[int, int]] = []
    tensors: dict[str, Tensor] = {}
    for name, entry in header.items():
        dtype, shape, begin, end = _parse(entry, f"the tensor {name[:100]!r} of {path}")
        places.append((begin, end))
        tensors[name] = file.tensor(start + begin, dtype, shape)
    covered = 0
    for begin, end in sorted(places):
        if begin != covered:
            raise ModelError(f"{path} is damaged: its tensors overlap or leave a gap")
        covered = end
    if start + covered != file.size:
        raise ModelError(f"{path} is damaged: {file.size - start - covered} bytes are no tensor's")
    return tensors


def _parse(entry: Any, what: str) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    """Return the type, the shape and the place of a tensor, which agree with each other."""
    try:
        name, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{what} is not described as safetensors describes tensors") from error
    dtype = _TYPES.get(name) if isinstance(name, str) else None
    if dtype is None:
        raise ModelError(f"{what} is of another type than {', '.join(_TYPES)}")
    numbers = [*shape, begin, end]
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ModelError(f"{what} has a shape or a place that is not made of counts")
    # A model's tensors have three axes at most; the product of a million takes forever.
    if len(shape) > 32 or end - begin != math.prod(shape) * dtype.itemsize:
        raise ModelError(f"{what} does not have the length that its shape asks for")
    return dtype, shape, begin, end
