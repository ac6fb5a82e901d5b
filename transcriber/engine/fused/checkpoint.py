"""A checkpoint as the packing reads it: one tensor after the other, from a mapped file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from transcriber.engine.dimensions import check_computable
from transcriber.engine.model import is_out_of_memory
from transcriber.engine.model_loading import BAD_CHECKPOINT, read_content
from transcriber.machine.memory import memory_error
from transcriber.models.bad_checkpoints import NotFiniteError, unreadable
from transcriber.models.checkpoints.checkpoint import is_finite
from transcriber.models.checkpoints.layout import DIMENSION_NAMES, tensor_shapes

if TYPE_CHECKING:
    from torch import Tensor

_BLOCK = 1 << 20
"""Elements that are rounded together, so that a check needs a few megabytes."""

_LARGEST_HALF = 65504.0


@dataclass(frozen=True, kw_only=True)
class OpenCheckpoint:
    """A checkpoint in OpenAI's format whose tensors have the names and shapes that they should.

    Attributes
    ----------
    dimensions : dict of str to int
        The fields of openai-whisper's ``ModelDimensions``.
    state : mapping of str to Tensor
        The weights.
    alignment_heads : tuple of (int, int), or None
        Layer and head of each decoder head whose attention follows the time, where it names them.
    """

    dimensions: dict[str, int]
    state: Mapping[str, Tensor]
    alignment_heads: tuple[tuple[int, int], ...] | None

    def is_half(self, names: Iterable[str]) -> bool:
        """Whether half precision holds these tensors without rounding them."""
        return all(_is_half(self.state[name]) for name in names)

    def fits_half(self, names: Iterable[str]) -> bool:
        """Whether none of these tensors has numbers too large for half precision."""
        return all(_fits_half(self.state[name]) for name in names)


def open_checkpoint(path: Path, name: str) -> OpenCheckpoint:
    """Open a checkpoint; its weights are read where they are used.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        What the user calls it.

    Raises
    ------
    ModelError
        When the file is no checkpoint of a Whisper model.
    OutOfMemoryError
        When memory runs out.
    """
    try:
        content = read_content(path)
        dimensions = {key: _count(content["dims"], key) for key in DIMENSION_NAMES}
        if content["dims"].keys() != dimensions.keys():
            raise ValueError("its dimensions have other names")
        state = content["model_state_dict"]
        if dimensions["n_audio_layer"] + dimensions["n_text_layer"] > len(state):
            raise ValueError("Missing keys in its state_dict")
        check_computable(dimensions)
        _check_tensors(state, tensor_shapes(dimensions))
        heads = content.get("alignment_heads")
        return OpenCheckpoint(
            dimensions=dimensions,
            state=state,
            alignment_heads=_check_heads(heads, dimensions) if heads else None,
        )
    except (MemoryError, *BAD_CHECKPOINT) as error:
        if is_out_of_memory(error):
            raise memory_error(name) from error
        raise unreadable(path, error) from error


def _count(dimensions: Mapping[str, int], key: str) -> int:
    value = dimensions[key]
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"its {key} is {value!r}"[:100])
    return value


def _check_tensors(state: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]]) -> None:
    missing, surplus = shapes.keys() - state.keys(), state.keys() - shapes.keys()
    if missing:
        raise ValueError(f"Missing key {min(missing)} in its state_dict")
    if surplus:
        raise ValueError(f"Unexpected key {min(surplus)} in its state_dict")
    for name, shape in shapes.items():
        if tuple(state[name].shape) != shape:
            raise ValueError(f"{name} has the shape {tuple(state[name].shape)}, not {shape}")
        if not state[name].dtype.is_floating_point:
            raise ValueError(f"{name} holds {state[name].dtype}, not floating-point numbers")
        if not all(is_finite(block.numpy()) for block in _blocks(state[name])):
            raise NotFiniteError(f"{name} holds values that are not finite")


def _check_heads(heads: object, dimensions: Mapping[str, int]) -> tuple[tuple[int, int], ...]:
    pairs = sorted({(layer, head) for layer, head in heads})  # type: ignore[attr-defined]
    for layer, head in pairs:
        if not (
            layer in range(dimensions["n_text_layer"]) and head in range(dimensions["n_text_head"])
        ):
            raise ValueError(f"it has no alignment head {head} in layer {layer}")
    return tuple(pairs)


def _is_half(tensor: Tensor) -> bool:
    if tensor.dtype == torch.float16:
        return True
    return all(torch.equal(block.half().float(), block) for block in _blocks(tensor))


def _fits_half(tensor: Tensor) -> bool:
    if tensor.dtype == torch.float16:
        return True
    return all(bool((np.abs(block.numpy()) <= _LARGEST_HALF).all()) for block in _blocks(tensor))


def _blocks(tensor: Tensor) -> Iterator[Tensor]:
    flat = tensor.reshape(-1)
    return (flat[start : start + _BLOCK].float() for start in range(0, len(flat), _BLOCK))
