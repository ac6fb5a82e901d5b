"""Scaling the integers of a CTranslate2 model back to floating point.

Such a model stores a matrix as the rounded products of its weights and a scale: ``int8`` with
one scale per row, ``int16`` with one for all rows.

Source: ``LayerSpec._quantize`` in CTranslate2's ``specs/model_spec.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import BFLOAT16, FLOAT16, FLOAT32, Tensor
from transcriber.models.checkpoints.ctranslate2_file import ModelFile
from transcriber.models.checkpoints.mapped_file import MappedFile

_SCALED_TYPES: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype("i1"): FLOAT16,
    np.dtype("<i2"): FLOAT32,
}
"""The types of integers, and those that they are scaled back to.

`int8` rounds to 127 steps and errs by up to 1/254 of a row's largest weight; float16 adds up to
1/2048 of each weight, and the file is as small as OpenAI's own. (Measured on `tiny.en`: the
encoder's output changes by 0.0254 on average through `int8`, and by another 0.0003 through
float16.) `int16` rounds to 1024 steps, an error that float16 could double.
"""

_ROWS = 4096
"""Rows that are scaled together: 26 MB as float32 in the largest model."""


def floating_point(content: ModelFile, file: MappedFile) -> dict[str, Tensor]:
    """Return the tensors, aliases too, with those that are stored as integers scaled back.

    Parameters
    ----------
    content : ModelFile
        What was read.
    file : MappedFile
        What it was read from, for messages.

    Raises
    ------
    ModelError
        When scales are missing, superfluous or not positive, or a type is unknown.
    """
    scales = {name for name in content.variables if name.endswith("_scale")}
    unused = set(scales)
    tensors: dict[str, Tensor] = {}
    for name, variable in content.variables.items():
        if variable.ndim == 0 or name in scales:
            continue
        scale = content.variables.get(f"{name}_scale")
        unused.discard(f"{name}_scale")
        if variable.dtype in (FLOAT32, FLOAT16, BFLOAT16) and scale is None:
            tensors[name] = variable
        elif variable.dtype in _SCALED_TYPES and scale is not None:
            tensors[name] = _scale_back(name, variable, scale, file)
        else:
            raise ModelError(f"{file}: {name[:100]!r} is of an unknown kind ({variable.dtype})")
    if unused:
        raise ModelError(f"{file} is damaged: {min(unused)[:100]!r} is the scale of nothing")
    return tensors | {name: tensors[v] for name, v in content.aliases.items() if v in tensors}


def _scale_back(name: str, values: Tensor, scale: Tensor, file: MappedFile) -> Tensor:
    if scale.dtype != FLOAT32 or scale.shape not in ((), (1,), values.shape[:1]):
        raise ModelError(f"{file}: the scale of {name[:100]!r} has {scale.shape} elements")
    # Written so that it is false for NaN as well.
    if not np.all((scale > 0) & (scale < np.inf)):
        raise ModelError(f"{file}: the scale of {name[:100]!r} is not positive and finite")
    divisors = np.broadcast_to(scale.reshape(-1), values.shape[:1])
    result: Tensor = np.empty(values.shape, _SCALED_TYPES[values.dtype])
    # A value too large for the type becomes an infinity, which the check of all tensors finds.
    with np.errstate(over="ignore"):
        for start in range(0, len(values), _ROWS):
            rows = slice(start, start + _ROWS)
            block = values[rows].astype(FLOAT32)
            block /= divisors[rows].reshape(-1, *[1] * (values.ndim - 1))
            result[rows] = block
    return result
