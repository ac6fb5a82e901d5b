"""A Whisper checkpoint in the form that whisper.cpp reads.

The form is that of whisper.cpp's ``models/convert-pt-to-ggml.py`` and, with 8-bit weights, of its
program ``quantize``; the block is that of ``Q8_0`` in ggml. The files are as long as those that
whisper.cpp's authors give away. All numbers are little-endian:

1. the magic number of ggml, eleven 32-bit integers: the dimensions, and the type of the weights;
2. rows and columns of the mel filters as 32-bit integers, then the filters as ``float32``;
3. the number of text tokens, then each with its length before it;
4. each tensor: how many axes it has, the length of its name and its type as 32-bit integers, its
   axes from the last to the first, its name and its elements.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from benchmarks.measuring.made_once import made_once
from benchmarks.peers.vocabulary import vocabulary
from transcriber.models.checkpoints.reading import read_checkpoint

Form = Literal["f16", "q8_0"]
"""Weights of 16 bits as OpenAI gave them away, or of 8 bits with a scale for each block."""

FORMS: tuple[Form, ...] = ("f16", "q8_0")

CODE = (Path(__file__), Path(__file__).with_name("vocabulary.py"))
"""What a file follows from, beside the weights: with other code, it is made anew."""

BLOCK = 32
"""Elements of a row that share a scale."""

_MAGIC = 0x67676D6C
_DIMENSIONS = (
    *("n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer"),
    *("n_text_ctx", "n_text_state", "n_text_head", "n_text_layer", "n_mels"),
)
_FILE_TYPES: Mapping[Form, int] = {"f16": 1, "q8_0": 2 * 1000 + 7}
"""ggml's number of what most weights are, with the version of its blocks in the thousands."""

_FLOAT32, _FLOAT16, _Q8_0 = 0, 1, 8
"""ggml's numbers of a tensor's type."""

_COLUMNS = frozenset({"encoder.conv1.bias", "encoder.conv2.bias"})
"""Added to each frame, and therefore stored with a second axis of length 1."""

_ALWAYS_FLOAT32 = _COLUMNS | {"encoder.positional_embedding", "decoder.positional_embedding"}
"""Beside all that has one axis: whisper.cpp adds these to ``float32``."""


def provide_ggml(weights: Path, form: Form, folder: Path) -> Path:
    """Return the file for whisper.cpp with the weights of a checkpoint, made when it is not there.

    Raises
    ------
    TranscriberError
        When the checkpoint cannot be read or the file cannot be written.
    """
    name = f"ggml-{weights.stem}-{form}"

    def make(content: Path) -> None:
        with (content / f"{name}.bin").open("wb") as stream:
            write_ggml(weights, form, stream)

    return made_once(folder, name, (weights, *CODE), make) / f"{name}.bin"


def write_ggml(weights: Path, form: Form, stream: IO[bytes]) -> None:
    """Write the checkpoint `weights` to `stream` as whisper.cpp reads it."""
    # Heavy: it loads torch.
    from whisper.audio import mel_filters  # noqa: PLC0415

    checkpoint = read_checkpoint(weights)
    dimensions = checkpoint.dimensions
    numbers = [dimensions[name] for name in _DIMENSIONS]
    stream.write(struct.pack("<12i", _MAGIC, *numbers, _FILE_TYPES[form]))

    filters = mel_filters("cpu", dimensions["n_mels"]).numpy().astype("<f4")
    stream.write(struct.pack("<2i", *filters.shape) + filters.tobytes())

    tokens, _ = vocabulary(dimensions["n_vocab"])
    stream.write(struct.pack("<i", len(tokens)))
    for token in tokens:
        stream.write(struct.pack("<i", len(token)) + token)

    for name, tensor in checkpoint.tensors.items():
        _write_tensor(name, tensor.reshape(-1, 1) if name in _COLUMNS else tensor, form, stream)


def _write_tensor(name: str, tensor: npt.NDArray[Any], form: Form, stream: IO[bytes]) -> None:
    if tensor.ndim == 1 or name in _ALWAYS_FLOAT32:
        kind, content = _FLOAT32, tensor.astype("<f4").tobytes()
    elif form == "q8_0" and tensor.ndim == 2:
        kind, content = _Q8_0, quantise(tensor)
    else:
        kind, content = _FLOAT16, tensor.astype("<f2").tobytes()
    encoded = name.encode()
    axes = tensor.shape[::-1]
    stream.write(struct.pack(f"<{3 + len(axes)}i", tensor.ndim, len(encoded), kind, *axes))
    stream.write(encoded + content)


def quantise(tensor: npt.NDArray[Any]) -> bytes:
    """Return the blocks of a tensor whose rows are a multiple of `BLOCK` long.

    Each has a scale in ``float16``, the largest magnitude by 127, and 32 numbers of 8 bits; an
    element is their product. The rounding is that of ``quantize_row_q8_0_ref`` in ggml: by the
    scale in ``float32``, halves away from zero.
    """
    blocks = tensor.astype(np.float32).reshape(-1, BLOCK)
    scales = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    inverse = np.divide(np.float32(1), scales, out=np.zeros_like(scales), where=scales != 0)
    scaled = blocks * inverse
    # In float64, where the sum with a half is exact.
    rounded = np.copysign(np.floor(np.abs(scaled).astype(np.float64) + 0.5), scaled)
    packed = np.empty(len(blocks), dtype=[("scale", "<f2"), ("numbers", "i1", BLOCK)])
    packed["scale"] = scales[:, 0]
    packed["numbers"] = rounded
    return packed.tobytes()
