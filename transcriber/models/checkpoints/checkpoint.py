"""A Whisper checkpoint in memory, and the check that it is complete and sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from transcriber.errors import ModelError
from transcriber.models.bad_checkpoints import printable
from transcriber.models.checkpoints.layout import DIMENSION_NAMES, tensor_shapes
from transcriber.models.registry import AUDIO_CONTEXT, TEXT_CONTEXT, official_models

Tensor = npt.NDArray[Any]
"""A tensor of ``float32`` or ``float16``, or of ``bfloat16`` as ``uint16``: numpy has no such
type, and its bits suffice here, because nothing is computed with it."""

FLOAT32, FLOAT16, BFLOAT16 = np.dtype("<f4"), np.dtype("<f2"), np.dtype("<u2")

_EXPONENTS: dict[np.dtype[Any], tuple[np.dtype[Any], int]] = {
    FLOAT32: (np.dtype("<u4"), 0x7F80_0000),
    FLOAT16: (np.dtype("<u2"), 0x7C00),
    BFLOAT16: (np.dtype("<u2"), 0x7F80),
}
"""The bits of each type's exponent: all of them are set in NaN and in the infinities."""

_COUNTS = 1 << 31
"""Above any count, and any tensor's bytes, in a real model; a pickle can hold larger numbers."""

BLOCK = 1 << 20
"""Elements that are looked at together, so that a check needs a few megabytes."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """What a checkpoint file holds, under OpenAI's names.

    Attributes
    ----------
    dimensions : mapping of str to int
        The fields of openai-whisper's ``ModelDimensions``.
    tensors : mapping of str to Tensor
        The weights, by their names in ``Whisper.state_dict()``; most are views of the source
        file.
    alignment_heads : tuple of (int, int), or None
        Layer and head of each decoder head whose attention follows the time, where known.
    origin : str
        The format that it was read from: ``openai``, ``safetensors`` or ``ctranslate2``.
    source : str
        The file or folder that it was read from, for messages.
    """

    dimensions: Mapping[str, int]
    tensors: Mapping[str, Tensor]
    alignment_heads: tuple[tuple[int, int], ...] | None
    origin: str
    source: str


def verified(checkpoint: Checkpoint) -> Checkpoint:
    """Return `checkpoint` with its tensors in OpenAI's order, if it is a whole model.

    Every tensor that the dimensions ask for is there once, with its shape and without NaN and
    infinities, and there is none besides.

    Raises
    ------
    ModelError
        When it is not so.
    """
    source, tensors = checkpoint.source, checkpoint.tensors
    _check_dimensions(checkpoint.dimensions, len(tensors), source)
    shapes = tensor_shapes(checkpoint.dimensions)
    missing = [name for name in shapes if name not in tensors]
    if missing:
        raise ModelError(f"{source} is incomplete: it lacks {_enumerate(missing)}")
    surplus = [name for name in tensors if name not in shapes]
    if surplus:
        raise ModelError(f"{source} is not a Whisper model: it has {_enumerate(surplus)}")
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise ModelError(
                f"{source} does not fit together: {name} has the shape {tensors[name].shape}, "
                f"but its dimensions ask for {shape}"
            )
        if tensors[name].nbytes >= _COUNTS:
            raise ModelError(f"{source} is not a Whisper model: {name} is larger than in any")
        if not is_finite(tensors[name]):
            raise ModelError(f"{source} is damaged: {name} holds values that are not finite")
    _check_alignment_heads(checkpoint)
    return replace(
        checkpoint,
        dimensions={name: checkpoint.dimensions[name] for name in DIMENSION_NAMES},
        tensors={name: tensors[name] for name in shapes},
    )


def is_finite(tensor: Tensor) -> bool:
    """Tell whether `tensor` holds neither NaN nor an infinity."""
    bits, exponent = _EXPONENTS[tensor.dtype]
    # In the order of memory, so that a transposed tensor is not copied.
    flat = tensor.ravel(order="K")
    return not any(
        bool(np.any((flat[start : start + BLOCK].view(bits) & exponent) == exponent))
        for start in range(0, flat.size, BLOCK)
    )


def parse_alignment_heads(value: object, source: str) -> tuple[tuple[int, int], ...] | None:
    """Return the pairs of layer and head that a configuration lists, or None without any.

    Raises
    ------
    ModelError
        When it is no list of such pairs.
    """
    if not value:
        return None
    if isinstance(value, list | tuple) and all(_is_pair(pair) for pair in value):
        return tuple(sorted({(layer, head) for layer, head in value}))
    raise ModelError(f"{source} is damaged: its alignment heads are no pairs of layer and head")


def _is_pair(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_index, value))


def _is_index(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _COUNTS


def _is_count(value: object) -> bool:
    return _is_index(value) and value != 0


def _check_dimensions(dimensions: Mapping[str, int], count: int, source: str) -> None:
    for name in DIMENSION_NAMES:
        value: object = dimensions.get(name)
        if not _is_count(value):
            raise ModelError(f"{source} is not a Whisper model: it does not tell its {name}")
    official = [model.dimensions for model in official_models().values()]
    for name, known in (
        ("n_audio_ctx", {AUDIO_CONTEXT}),
        ("n_text_ctx", {TEXT_CONTEXT}),
        ("n_mels", {model.mels for model in official}),
        # The number of languages follows from it, and from that the number of every token.
        ("n_vocab", {model.vocabulary for model in official}),
    ):
        if dimensions[name] not in known:
            raise ModelError(
                f"{source} cannot be used: its {name} is {dimensions[name]}, "
                f"and openai-whisper works with {' or '.join(map(str, sorted(known)))} only"
            )
    # Before a list of names is made: damaged dimensions may ask for billions of layers.
    if dimensions["n_audio_layer"] + dimensions["n_text_layer"] > count:
        raise ModelError(f"{source} is incomplete: it has {count} tensors, too few for its layers")
    for part in ("audio", "text"):
        state, heads = dimensions[f"n_{part}_state"], dimensions[f"n_{part}_head"]
        if state % heads:
            raise ModelError(f"{source}: {heads} heads cannot share a width of {state}")
    if dimensions["n_audio_state"] != dimensions["n_text_state"]:
        raise ModelError(f"{source} is not a Whisper model: its two parts differ in width")


def _check_alignment_heads(checkpoint: Checkpoint) -> None:
    layers, heads = checkpoint.dimensions["n_text_layer"], checkpoint.dimensions["n_text_head"]
    for layer, head in checkpoint.alignment_heads or ():
        if layer >= layers or head >= heads:
            raise ModelError(
                f"{checkpoint.source} names an alignment head {head} in layer {layer}, "
                f"but its decoder has {layers} layers of {heads} heads"
            )


def _enumerate(names: Iterable[str], shown: int = 3) -> str:
    listed = list(names)
    text = ", ".join(printable(name[:100]) for name in listed[:shown])
    return text if len(listed) <= shown else f"{text} and {len(listed) - shown} more"
