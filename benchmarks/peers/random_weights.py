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
from buildkit.files import atomic_writer
from transcriber.models.checkpoints.ctranslate2 import SETTINGS
from transcriber.models.checkpoints.openai import write_openai
from transcriber.models.checkpoints.reading import read_checkpoint
from transcriber.models.registry import official_models

Shape = tuple[int, ...]

_LISTS = ("alignment_heads", "lang_ids", "suppress_ids", "suppress_ids_begin")
_TYPES = {"float16": 4, "int8": 1, "int16": 2}
_SPREAD, _SPREAD_OF_TOKENS = 0.02, 0.2
"""Standard deviations of the weights, and of the tokens' embedding."""


def write_random(size: str, folder: Path) -> tuple[Path, Path]:
    """Write a model in OpenAI's form, and a folder for faster-whisper with the same weights.

    Parameters
    ----------
    size : str
        openai-whisper's name of one of its models.
    folder : Path
        Where they are to lie, four bytes for each weight.

    Returns
    -------
    tuple of (Path, Path)
        The file, and the folder.
    """
    checkpoint = folder / size
    checkpoint.mkdir()
    with (checkpoint / "model.bin").open("wb") as stream:
        write_model(stream, official_models()[size].dimensions.as_checkpoint())
    empty: dict[str, list[int]] = {name: [] for name in _LISTS}
    (checkpoint / "config.json").write_text(json.dumps(empty))
    with atomic_writer(folder / f"{size}.pt") as sink:
        write_openai(sink, read_checkpoint(checkpoint))
    return folder / f"{size}.pt", provide_ctranslate2(checkpoint, folder)


def write_model(stream: BinaryIO, size: Mapping[str, int]) -> None:
    """Write a ``model.bin`` of these dimensions."""
    drawn = np.random.default_rng(0)
    shapes = list(_variables(size))
    numbers = {
        "encoder/num_heads": size["n_audio_head"],
        "decoder/num_heads": size["n_text_head"],
    }
    numbers |= {"decoder/alignment_heads": 1, "decoder/alignment_layer": -1}
    settings = [
        *((name, np.int8(value)) for name, value in SETTINGS.items()),
        *((name, np.int16(value)) for name, value in numbers.items()),
    ]
    stream.write(struct.pack("<I", 6) + _name("WhisperSpec"))
    stream.write(struct.pack("<II", 3, len(shapes) + len(settings)))
    for name, number in settings:
        _write(stream, name, np.asarray(number))
    for name, shape in shapes:
        _write(stream, name, _content(name, shape, drawn))
    stream.write(struct.pack("<I", 1))
    stream.write(_name("decoder/projection/weight") + _name("decoder/embeddings/weight"))


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


def _variables(size: Mapping[str, int]) -> Iterator[tuple[str, Shape]]:
    """Yield the names and the shapes of all tensors."""
    state, mels = size["n_audio_state"], size["n_mels"]
    yield "encoder/conv1/weight", (state, mels, 3)
    yield "encoder/conv1/bias", (state,)
    yield "encoder/conv2/weight", (state, state, 3)
    yield "encoder/conv2/bias", (state,)
    yield "encoder/position_encodings/encodings", (size["n_audio_ctx"], state)
    yield "decoder/position_encodings/encodings", (size["n_text_ctx"], state)
    yield "decoder/embeddings/weight", (size["n_vocab"], state)
    for part, kind in (("encoder", "audio"), ("decoder", "text")):
        yield from _norm(f"{part}/layer_norm", state)
        for number in range(size[f"n_{kind}_layer"]):
            layer = f"{part}/layer_{number}"
            yield from _attention(f"{layer}/self_attention", state, (3 * state, state))
            if part == "decoder":
                yield from _attention(f"{layer}/attention", state, (state, 2 * state, state))
            yield from _norm(f"{layer}/ffn/layer_norm", state)
            yield from _linear(f"{layer}/ffn/linear_0", 4 * state, state)
            yield from _linear(f"{layer}/ffn/linear_1", state, 4 * state)


def _attention(name: str, state: int, outputs: Shape) -> Iterator[tuple[str, Shape]]:
    yield from _norm(f"{name}/layer_norm", state)
    for number, rows in enumerate(outputs):
        yield from _linear(f"{name}/linear_{number}", rows, state)


def _linear(name: str, rows: int, columns: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}/weight", (rows, columns)
    yield f"{name}/bias", (rows,)


def _norm(name: str, state: int) -> Iterator[tuple[str, Shape]]:
    yield f"{name}/gamma", (state,)
    yield f"{name}/beta", (state,)
