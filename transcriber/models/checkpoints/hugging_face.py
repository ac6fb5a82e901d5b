"""Whisper models in the folders that Hugging Face's transformers writes.

Source: ``WhisperConfig``, ``WhisperForConditionalGeneration`` and ``convert_openai_to_hf.py``
of transformers, whose table of names is read here in the other direction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import Checkpoint, Tensor, parse_alignment_heads
from transcriber.models.checkpoints.configuration import read_json
from transcriber.models.checkpoints.naming import Naming
from transcriber.models.checkpoints.safetensors import read_safetensors

ORIGIN = "safetensors"
WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
"""The weights in one file, or the list of which tensor lies in which of several."""

_NAMES = Naming(
    separator=".",
    layer=re.compile(r"(encoder|decoder)\.layers\.(\d{1,4})\.(.+)"),
    layer_modules={
        "self_attn.q_proj": "attn.query",
        "self_attn.k_proj": "attn.key",
        "self_attn.v_proj": "attn.value",
        "self_attn.out_proj": "attn.out",
        "self_attn_layer_norm": "attn_ln",
        "encoder_attn.q_proj": "cross_attn.query",
        "encoder_attn.k_proj": "cross_attn.key",
        "encoder_attn.v_proj": "cross_attn.value",
        "encoder_attn.out_proj": "cross_attn.out",
        "encoder_attn_layer_norm": "cross_attn_ln",
        "fc1": "mlp.0",
        "fc2": "mlp.2",
        "final_layer_norm": "mlp_ln",
    },
    modules={
        "encoder.conv1": "encoder.conv1",
        "encoder.conv2": "encoder.conv2",
        "encoder.layer_norm": "encoder.ln_post",
        "decoder.embed_tokens": "decoder.token_embedding",
        "decoder.layer_norm": "decoder.ln",
    },
    tensors={
        "encoder.embed_positions.weight": "encoder.positional_embedding",
        "decoder.embed_positions.weight": "decoder.positional_embedding",
    },
    parameters={"weight": "weight", "bias": "bias"},
)

_DIMENSIONS = {
    "n_mels": "num_mel_bins",
    "n_audio_ctx": "max_source_positions",
    "n_audio_state": "d_model",
    "n_audio_head": "encoder_attention_heads",
    "n_audio_layer": "encoder_layers",
    "n_vocab": "vocab_size",
    "n_text_ctx": "max_target_positions",
    "n_text_state": "d_model",
    "n_text_head": "decoder_attention_heads",
    "n_text_layer": "decoder_layers",
}

_NETWORK = {"model_type": "whisper", "activation_function": "gelu", "scale_embedding": False}
"""Settings with the one value that makes the network OpenAI's."""


def read_hugging_face(folder: Path) -> Checkpoint:
    """Read the model in `folder`: ``config.json`` and the weights as safetensors.

    Raises
    ------
    ModelError
        When something is missing, damaged or no Whisper model.
    """
    configuration = read_json(folder / "config.json")
    if not configuration:
        raise ModelError(f"{folder} has no config.json", "copy the whole model folder")
    for setting, expected in _NETWORK.items():
        if configuration.get(setting, expected) != expected:
            raise ModelError(f"{folder} is not Whisper's network: its {setting} is not {expected}")
    generation = read_json(folder / "generation_config.json")
    heads = generation.get("alignment_heads") or configuration.get("alignment_heads")
    return Checkpoint(
        dimensions={name: configuration.get(key, 0) for name, key in _DIMENSIONS.items()},
        tensors=_translate(_read_tensors(folder), folder),
        alignment_heads=parse_alignment_heads(heads, str(folder)),
        origin=ORIGIN,
        source=str(folder),
    )


def _read_tensors(folder: Path) -> dict[str, Tensor]:
    if (folder / WEIGHTS).is_file():
        return read_safetensors(folder / WEIGHTS)
    index = folder / INDEX
    places = read_json(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(file, str) for file in places.values()):
        raise ModelError(f"{index} does not tell which file holds which tensor")
    tensors: dict[str, Tensor] = {}
    for file, count in sorted(Counter(places.values()).items()):
        # Shards lie beside their index; another path may lead anywhere.
        if Path(file).name != file or not (folder / file).is_file():
            raise ModelError(
                f"{folder} is incomplete: {file[:200]!r} is missing", "copy all files of the model"
            )
        shard = read_safetensors(folder / file)
        if len(shard) != count or any(places.get(name) != file for name in shard):
            raise ModelError(f"{folder / file} does not hold what {INDEX} says")
        tensors |= shard
    return tensors


def _translate(tensors: Mapping[str, Tensor], folder: Path) -> dict[str, Tensor]:
    named: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name == "proj_out.weight":
            continue
        # The bare model without its output layer has names without this prefix.
        translated = _NAMES.translate(name.removeprefix("model."))
        if translated is None or translated in named:
            raise ModelError(f"{folder} holds the tensor {name[:100]!r}, which Whisper has not")
        named[translated] = tensor
    output, tied = tensors.get("proj_out.weight"), named.get("decoder.token_embedding.weight")
    if output is not None and (tied is None or not np.array_equal(output, tied, equal_nan=True)):
        raise ModelError(f"{folder}: the output projection is not the token embedding")
    return named
