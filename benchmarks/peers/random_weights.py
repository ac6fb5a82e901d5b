"""Whisper models with random weights, in CTranslate2's form and in OpenAI's.

Layers take as long whatever their weights are. These are small numbers, so that nothing overflows,
in half precision, as OpenAI's are. The tokens' embedding is wider: of logits some hundreds are then
near the largest, as in speech.

Source of the form: ``ModelSpec._serialize`` in CTranslate2's ``specs/model_spec.py``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from benchmarks.peers.ctranslate2_weights import provide_ctranslate2
from transcriber.models.checkpoints.ctranslate2 import SETTINGS
from transcriber.models.checkpoints.openai import write_openai
from transcriber.models.checkpoints.reading import read_checkpoint
from transcriber.models.registry import official_models

Shape = tuple[int, ...]

_LISTS = ("alignment_heads", "lang_ids", "suppress_ids", "suppress_ids_begin")
_TYPES = {"float16": 4, "int8": 1, "int16": 2}
_SPREAD, _SPREAD_OF_TOKENS = 0.02, 0.2
"""Standard deviations of the weights, and of the tokens' embedding."""

_ENCODER_LAYER = {
    "self_attention/linear_0": (3, 1),  # queries, keys and values
    "self_attention/linear_1": (1, 1),
    "ffn/linear_0": (4, 1),
    "ffn/linear_1": (1, 4),
}
"""Rows and columns of the matrices of a layer, by the width of the model."""

_DECODER_LAYER = _ENCODER_LAYER | {
    "attention/linear_0": (1, 1),
    "attention/linear_1": (2, 1),  # keys and values
    "attention/linear_2": (1, 1),
}


def write_random(size: str, folder: Path) -> tuple[Path, Path]:
    """Write a model in OpenAI's form, and a folder for faster-whisper with the same weights.

    `size` is openai-whisper's name of one of its models. Returned are the file and the folder, of
    four bytes for each weight.
    """
    checkpoint = folder / size
    checkpoint.mkdir()
    write_model(checkpoint, official_models()[size].dimensions.as_checkpoint())
    with (folder / f"{size}.pt").open("wb") as stream:
        write_openai(stream, read_checkpoint(checkpoint))
    return folder / f"{size}.pt", provide_ctranslate2(checkpoint, folder)


def write_model(folder: Path, size: Mapping[str, int]) -> None:
    """Write ``model.bin`` and ``config.json`` of a model of these dimensions."""
    (folder / "config.json").write_text(json.dumps({name: [] for name in _LISTS}))
    drawn = np.random.default_rng(0)
    shapes = list(_variables(size))
    numbers = {"encoder/num_heads": size["n_audio_head"], "decoder/num_heads": size["n_text_head"]}
    numbers |= {"decoder/alignment_heads": 1, "decoder/alignment_layer": -1}
    settings: list[tuple[str, np.ndarray[Any, Any]]] = [
        *((name, np.asarray(value, np.int8)) for name, value in SETTINGS.items()),
        *((name, np.asarray(value, np.int16)) for name, value in numbers.items()),
    ]
    with (folder / "model.bin").open("wb") as stream:
        stream.write(struct.pack("<I", 6) + _name("WhisperSpec"))
        stream.write(struct.pack("<II", 3, len(shapes) + len(settings)))
        for name, tensor in settings:
            _write(stream, name, tensor)
        for name, shape in shapes:
            _write(stream, name, _content(name, shape, drawn))
        stream.write(struct.pack("<I", 1))
        stream.write(_name("decoder/projection/weight") + _name("decoder/embeddings/weight"))


def _variables(size: Mapping[str, int]) -> Iterator[tuple[str, Shape]]:
    """Yield the names and the shapes of all tensors."""
    state = size["n_audio_state"]
    yield "encoder/conv1/weight", (state, size["n_mels"], 3)
    yield "encoder/conv2/weight", (state, state, 3)
    yield from ((f"encoder/conv{number}/bias", (state,)) for number in (1, 2))
    yield "encoder/position_encodings/encodings", (size["n_audio_ctx"], state)
    yield "decoder/position_encodings/encodings", (size["n_text_ctx"], state)
    yield "decoder/embeddings/weight", (size["n_vocab"], state)
    for part, layers, layer in (
        ("encoder", size["n_audio_layer"], _ENCODER_LAYER),
        ("decoder", size["n_text_layer"], _DECODER_LAYER),
    ):
        norms = [f"{part}/layer_norm"]
        for start in (f"{part}/layer_{number}" for number in range(layers)):
            for name, (rows, columns) in layer.items():
                yield f"{start}/{name}/weight", (rows * state, columns * state)
                yield f"{start}/{name}/bias", (rows * state,)
            norms += sorted({f"{start}/{name.split('/')[0]}/layer_norm" for name in layer})
        yield from ((f"{name}/{one}", (state,)) for name in norms for one in ("gamma", "beta"))


def _content(name: str, shape: Shape, drawn: np.random.Generator) -> np.ndarray[Any, Any]:
    if name.endswith("gamma"):
        return np.ones(shape, np.float16)
    # Keys have no bias, wherever they are stacked with others.
    if name.endswith(("beta", "bias")):
        return np.zeros(shape, np.float16)
    spread = _SPREAD_OF_TOKENS if name == "decoder/embeddings/weight" else _SPREAD
    return (drawn.standard_normal(shape, np.float32) * np.float32(spread)).astype(np.float16)


def _write(stream: BinaryIO, name: str, tensor: np.ndarray[Any, Any]) -> None:
    stream.write(_name(name) + struct.pack("<B", tensor.ndim))
    stream.write(struct.pack(f"<{tensor.ndim}I", *tensor.shape))
    stream.write(struct.pack("<BI", _TYPES[tensor.dtype.name], tensor.nbytes))
    stream.write(tensor.tobytes())


def _name(text: str) -> bytes:
    content = text.encode() + b"\0"
    return struct.pack("<H", len(content)) + content
