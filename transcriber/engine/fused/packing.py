"""Making the operators' tensors of a checkpoint's, one after the other.

No more than one matrix is in memory at a time, as it was and packed, beside what was made before;
and where that is written to a file, it is let go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from transcriber import operators
from transcriber.engine.fused.forms import EXACT, Forms
from transcriber.engine.fused.layout import Item, Matrix, decoder_items, encoder_items

if TYPE_CHECKING:
    from torch import Tensor

    from transcriber.engine.fused.checkpoint import OpenCheckpoint

_TYPES = {"F32": torch.float32, "F16": torch.float16}


def settle_forms(forms: Forms, checkpoint: OpenCheckpoint) -> Forms:
    """Return `forms` with what was left open decided by the weights."""
    if forms.decoder != EXACT:
        return forms
    items = decoder_items(checkpoint.dimensions, replace(forms, decoder="float32"))
    # Keys and values are stored as the encoder's.
    names = [
        name
        for item in items
        if isinstance(item, Matrix) and not item.name.endswith(".kv")
        for name in item.weights
    ]
    return replace(forms, decoder="float16" if checkpoint.is_half(names) else "float32")


def is_packable(forms: Forms, checkpoint: OpenCheckpoint) -> bool:
    """Whether the weights are within what `forms` can hold."""
    if forms.decoder != "int8":
        return True
    names = [
        name
        for item in decoder_items(checkpoint.dimensions, forms)
        if (item.form == "float16" if isinstance(item, Matrix) else item.dtype == "F16")
        for name in (item.weights if isinstance(item, Matrix) else (item.name,))
    ]
    return checkpoint.fits_half(names)


def pack_checkpoint(checkpoint: OpenCheckpoint, forms: Forms) -> Iterator[Tensor]:
    """Yield the tensors of the encoder, then those of the decoder, in order.

    Parameters
    ----------
    checkpoint : OpenCheckpoint
        Where they come from.
    forms : Forms
        What they become; nothing of it is left open.
    """
    for items in (encoder_items, decoder_items):
        for item in items(checkpoint.dimensions, forms):
            yield from _pack(item, checkpoint)


def _pack(item: Item, checkpoint: OpenCheckpoint) -> Iterator[Tensor]:
    state = checkpoint.state
    if not isinstance(item, Matrix):
        yield _copied(state[item.name], _TYPES[item.dtype])
        return
    weight = _stacked([_unrolled(state[name]) for name in item.weights])
    yield from operators.pack(weight, item.form)
    del weight
    if item.biases:
        bias = torch.zeros(item.padded)
        for number, name in enumerate(item.biases):
            if name is not None:
                bias[number * item.rows : (number + 1) * item.rows] = state[name]
        yield bias


def _unrolled(weight: Tensor) -> Tensor:
    """Return a convolution's weight as a matrix, whose columns are taps of all channels."""
    if weight.dim() == 3:
        return weight.permute(0, 2, 1).reshape(weight.shape[0], -1)
    return weight


def _stacked(weights: list[Tensor]) -> Tensor:
    if any(weight.dtype != torch.float16 for weight in weights):
        weights = [weight.float() for weight in weights]
    # OpenAI's files hold them by columns.
    return weights[0].contiguous() if len(weights) == 1 else torch.cat(weights).contiguous()


def _copied(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    # A copy in any case: what is mapped would change with its file.
    return torch.empty(tensor.shape, dtype=dtype).copy_(tensor)
