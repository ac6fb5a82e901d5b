"""Whisper models of CTranslate2, as faster-whisper uses them.

CTranslate2's converter starts from the Hugging Face form of the model. It stacks the query,
key and value projections of self-attention into one matrix, and the key and value projections
of cross-attention into another, with zeros where the keys have no bias; the output projection
is an alias of the token embedding.

Source: ``WhisperLoader`` in CTranslate2's ``converters/transformers.py`` and
``specs/whisper_spec.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import (
    Checkpoint,
    Tensor,
    parse_alignment_heads,
)
from transcriber.models.checkpoints.configuration import read_json
from transcriber.models.checkpoints.ctranslate2_file import read_model_file
from transcriber.models.checkpoints.ctranslate2_quantization import floating_point
from transcriber.models.checkpoints.mapped_file import MappedFile
from transcriber.models.checkpoints.naming import Naming

ORIGIN = "ctranslate2"
MODEL_FILE = "model.bin"

_DEPTH = 3
"""Folders below the given one in which parts are looked for: packages nest them that deep."""

_PART = re.compile(r"model\.bin\.part(\d{1,4})")

_NAMES = Naming(
    separator="/",
    layer=re.compile(r"(encoder|decoder)/layer_(\d{1,4})/(.+)"),
    layer_modules={
        "self_attention/layer_norm": "attn_ln",
        "self_attention/query": "attn.query",
        "self_attention/key": "attn.key",
        "self_attention/value": "attn.value",
        "self_attention/linear_1": "attn.out",
        "attention/layer_norm": "cross_attn_ln",
        "attention/linear_0": "cross_attn.query",
        "attention/key": "cross_attn.key",
        "attention/value": "cross_attn.value",
        "attention/linear_2": "cross_attn.out",
        "ffn/layer_norm": "mlp_ln",
        "ffn/linear_0": "mlp.0",
        "ffn/linear_1": "mlp.2",
    },
    modules={
        "encoder/conv1": "encoder.conv1",
        "encoder/conv2": "encoder.conv2",
        "encoder/layer_norm": "encoder.ln_post",
        "decoder/embeddings": "decoder.token_embedding",
        "decoder/layer_norm": "decoder.ln",
    },
    tensors={
        "encoder/position_encodings/encodings": "encoder.positional_embedding",
        "decoder/position_encodings/encodings": "decoder.positional_embedding",
    },
    parameters={"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias"},
)

_STACKED = {
    "/self_attention/linear_0": ("query", "key", "value"),
    "/attention/linear_1": ("key", "value"),
}
"""What the stacked matrices consist of; the parts get names of our own, which `_NAMES` knows."""

SETTINGS = {
    "decoder/activation": 3,  # GELU
    "decoder/alibi": 0,
    "decoder/alibi_use_positive_positions": 0,
    "decoder/pre_norm": 1,
    "decoder/scale_alibi": 0,
    "decoder/scale_embeddings": 0,
    "decoder/start_from_zero_embedding": 0,
}
"""What the specification's settings are in a Whisper model; other values are other networks."""

_FREE_SETTINGS = {
    "encoder/num_heads",
    "decoder/num_heads",
    # Of translation models that learn an alignment; Whisper's heads are in the configuration.
    "decoder/alignment_heads",
    "decoder/alignment_layer",
}


def find_parts(folder: Path) -> list[Path]:
    """Return the model file in `folder`, or its parts in their order, or nothing.

    A part is named ``model.bin.partN`` with N from 0 or 1 on, and may lie in a folder below.

    Raises
    ------
    ModelError
        When a part is missing or there twice.
    """
    whole = folder / MODEL_FILE
    if whole.is_file():
        return [whole]
    parts: dict[int, Path] = {}
    for depth in range(_DEPTH + 1):
        for path in sorted(folder.glob("*/" * depth + MODEL_FILE + ".part*")):
            match = _PART.fullmatch(path.name)
            if match is None or not path.is_file():
                continue
            other = parts.setdefault(int(match[1]), path)
            if other is not path:
                raise ModelError(f"{other} and {path} are the same part of a model")
    if not parts:
        return []
    first = min(parts)
    missing = set(range(min(first, 1), max(parts))) - set(parts)
    if missing:
        raise ModelError(
            f"part {min(missing)} of {MODEL_FILE} is missing in {folder}", "put all parts there"
        )
    return [parts[number] for number in sorted(parts)]


def read_ctranslate2(parts: list[Path]) -> Checkpoint:
    """Read the model file that `find_parts` found, and the ``config.json`` beside it.

    Raises
    ------
    ModelError
        When it is damaged or is not a Whisper model.
    """
    file = MappedFile(parts)
    content = read_model_file(file)
    settings = {name: v for name, v in content.variables.items() if v.ndim == 0}
    _check_settings(settings, file)
    tensors = floating_point(content, file)
    projection = tensors.pop("decoder/projection/weight", None)
    tied = tensors.get("decoder/embeddings/weight")
    if projection is not None and (
        tied is None or not np.array_equal(projection, tied, equal_nan=True)
    ):
        raise ModelError(f"{file}: the output projection is not the token embedding")
    named: dict[str, Tensor] = {}
    for stacked, tensors_of_stack in tensors.items():
        for name, tensor in _unstack(stacked, tensors_of_stack, file):
            translated = _NAMES.translate(name)
            if translated is None or translated in named:
                raise ModelError(f"{file} holds {stacked[:100]!r}, which Whisper has not")
            named[translated] = tensor
    configuration: dict[str, Any] = {}
    for folder in dict.fromkeys(part.parent for part in parts):
        configuration = configuration or read_json(folder / "config.json")
    return Checkpoint(
        dimensions=_dimensions(named, settings, file),
        tensors=named,
        alignment_heads=parse_alignment_heads(configuration.get("alignment_heads"), str(file)),
        origin=ORIGIN,
        source=str(file),
    )


def _check_settings(settings: Mapping[str, Tensor], file: MappedFile) -> None:
    for name, variable in settings.items():
        if name.endswith("_scale") or name in _FREE_SETTINGS:
            continue
        if name not in SETTINGS:
            raise ModelError(f"{file} has the setting {name[:100]!r}, which Whisper does not have")
        if variable != SETTINGS[name]:
            raise ModelError(f"{file} is not Whisper's network: its {name} is {variable}")


def _unstack(name: str, tensor: Tensor, file: MappedFile) -> Iterator[tuple[str, Tensor]]:
    module, _, parameter = name.rpartition("/")
    stack = next((stack for stack in _STACKED if module.endswith(stack)), "")
    if not stack:
        yield name, tensor
        return
    rows, rest = divmod(len(tensor), len(_STACKED[stack]))
    if rest:
        raise ModelError(f"{file}: {name[:100]!r} has {len(tensor)} rows, which do not divide")
    for index, part in enumerate(_STACKED[stack]):
        piece = tensor[index * rows : (index + 1) * rows]
        if parameter == "bias" and part == "key":
            if np.any(piece):
                raise ModelError(f"{file}: {name[:100]!r} gives keys a bias, which Whisper has not")
            continue
        yield f"{module.rpartition('/')[0]}/{part}/{parameter}", piece


def _dimensions(
    tensors: Mapping[str, Tensor], settings: Mapping[str, Tensor], file: MappedFile
) -> dict[str, int]:
    def size(name: str, axis: int, rank: int) -> int:
        tensor = tensors.get(name)
        if tensor is None or tensor.ndim != rank:
            raise ModelError(f"{file} is not a whole Whisper model: it lacks {name}")
        return int(tensor.shape[axis])

    def heads(part: str) -> int:
        variable = settings.get(f"{part}/num_heads")
        if variable is None or variable.dtype.kind != "i":
            raise ModelError(f"{file} does not tell the number of heads of the {part}")
        return int(variable)

    def layers(part: str) -> int:
        return len({name.split(".")[2] for name in tensors if name.startswith(f"{part}.blocks.")})

    return {
        "n_mels": size("encoder.conv1.weight", 1, 3),
        "n_audio_ctx": size("encoder.positional_embedding", 0, 2),
        "n_audio_state": size("encoder.positional_embedding", 1, 2),
        "n_audio_head": heads("encoder"),
        "n_audio_layer": layers("encoder"),
        "n_vocab": size("decoder.token_embedding.weight", 0, 2),
        "n_text_ctx": size("decoder.positional_embedding", 0, 2),
        "n_text_state": size("decoder.positional_embedding", 1, 2),
        "n_text_head": heads("decoder"),
        "n_text_layer": layers("decoder"),
    }
