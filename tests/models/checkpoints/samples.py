"""Small Whisper models with random weights, and writers of the formats that they come in.

The writers are independent of what they test: they follow openai-whisper, the conversion tables
of transformers and CTranslate2's specification from OpenAI's side.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from transcriber.engine import openai_whisper

whisper = openai_whisper.load()

Weights = dict[str, torch.Tensor]

DIMENSIONS = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 4,
    "n_audio_head": 2,
    "n_audio_layer": 1,
    "n_vocab": 51865,
    "n_text_ctx": 448,
    "n_text_state": 4,
    "n_text_head": 2,
    "n_text_layer": 2,
}
"""As small as openai-whisper can run: vocabulary, contexts and mel bands are given."""

HEADS = [[0, 1], [1, 0]]

_HUGGING_FACE_NAMES = (
    ("blocks", "layers"),
    (".cross_attn_ln", ".encoder_attn_layer_norm"),
    (".cross_attn.query", ".encoder_attn.q_proj"),
    (".cross_attn.key", ".encoder_attn.k_proj"),
    (".cross_attn.value", ".encoder_attn.v_proj"),
    (".cross_attn.out", ".encoder_attn.out_proj"),
    (".attn_ln", ".self_attn_layer_norm"),
    (".attn.query", ".self_attn.q_proj"),
    (".attn.key", ".self_attn.k_proj"),
    (".attn.value", ".self_attn.v_proj"),
    (".attn.out", ".self_attn.out_proj"),
    (".mlp_ln", ".final_layer_norm"),
    (".mlp.0", ".fc1"),
    (".mlp.2", ".fc2"),
    ("token_embedding", "embed_tokens"),
    ("positional_embedding", "embed_positions.weight"),
    ("encoder.ln_post", "encoder.layer_norm"),
    ("decoder.ln.", "decoder.layer_norm."),
)


def random_weights(
    seed: int = 0, dtype: torch.dtype = torch.float16, dimensions: Mapping[str, int] = DIMENSIONS
) -> Weights:
    """Return weights that openai-whisper's model of these dimensions takes, in its order."""
    generator = torch.Generator().manual_seed(seed)
    expected = whisper.model.Whisper(whisper.model.ModelDimensions(**dimensions)).state_dict()
    return {
        name: (torch.randn(tensor.shape, generator=generator) * 0.1).to(dtype)
        for name, tensor in expected.items()
    }


def loaded_model(path: Path) -> Any:
    """Return the model that openai-whisper makes of a checkpoint file."""
    return whisper.load_model(str(path), device="cpu")


def logits(model: Any) -> torch.Tensor:
    """Return what `model` predicts for some noise and some tokens."""
    generator = torch.Generator().manual_seed(1)
    mel = torch.randn((1, model.dims.n_mels, 3000), generator=generator)
    with torch.no_grad():
        result: torch.Tensor = model(mel, torch.tensor([[50258, 50259, 50359, 11]]))
    return result


def model_of(weights: Weights, dimensions: Mapping[str, int] = DIMENSIONS) -> Any:
    """Return openai-whisper's model with these weights."""
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**dimensions))
    model.load_state_dict(weights)
    return model


def save_openai(
    path: Path, weights: Weights, dimensions: Mapping[str, int] = DIMENSIONS, **extra: object
) -> Path:
    """Save a checkpoint as a training script would."""
    torch.save({"dims": dict(dimensions), "model_state_dict": weights, **extra}, path)
    return path


def hugging_face_name(name: str) -> str:
    """Return the name of OpenAI's tensor `name` in transformers."""
    for ours, theirs in _HUGGING_FACE_NAMES:
        name = name.replace(ours, theirs)
    return f"model.{name}"


def hugging_face_config(dimensions: Mapping[str, int] = DIMENSIONS) -> dict[str, Any]:
    """Return the ``config.json`` of a model of these dimensions."""
    return {
        "model_type": "whisper",
        "activation_function": "gelu",
        "scale_embedding": False,
        "num_mel_bins": dimensions["n_mels"],
        "max_source_positions": dimensions["n_audio_ctx"],
        "d_model": dimensions["n_audio_state"],
        "encoder_attention_heads": dimensions["n_audio_head"],
        "encoder_layers": dimensions["n_audio_layer"],
        "vocab_size": dimensions["n_vocab"],
        "max_target_positions": dimensions["n_text_ctx"],
        "decoder_attention_heads": dimensions["n_text_head"],
        "decoder_layers": dimensions["n_text_layer"],
    }


def save_hugging_face(folder: Path, weights: Weights, *, shards: int = 1) -> Path:
    """Save a model folder as transformers does, in one file or in several."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {hugging_face_name(name): tensor for name, tensor in weights.items()}
    (folder / "config.json").write_text(json.dumps(hugging_face_config()))
    (folder / "generation_config.json").write_text(json.dumps({"alignment_heads": HEADS}))
    if shards == 1:
        safetensors.torch.save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        return folder
    places = {name: number % shards for number, name in enumerate(tensors)}
    files = [f"model-{n + 1:05}-of-{shards:05}.safetensors" for n in range(shards)]
    for number, file in enumerate(files):
        shard = {name: tensors[name] for name, place in places.items() if place == number}
        safetensors.torch.save_file(shard, folder / file)
    index = {"metadata": {}, "weight_map": {name: files[place] for name, place in places.items()}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def ctranslate2_variables(
    weights: Weights, dimensions: Mapping[str, int] = DIMENSIONS
) -> dict[str, np.ndarray[Any, Any] | torch.Tensor]:
    """Return the variables of a CTranslate2 model without quantization."""
    w = weights
    variables: dict[str, Any] = {
        "decoder/activation": np.int8(3),
        "decoder/alibi": np.int8(0),
        "decoder/alibi_use_positive_positions": np.int8(0),
        "decoder/alignment_heads": np.int16(1),
        "decoder/alignment_layer": np.int16(-1),
        "decoder/pre_norm": np.int8(1),
        "decoder/scale_alibi": np.int8(0),
        "decoder/scale_embeddings": np.int8(0),
        "decoder/start_from_zero_embedding": np.int8(0),
        "decoder/num_heads": np.int16(dimensions["n_text_head"]),
        "encoder/num_heads": np.int16(dimensions["n_audio_head"]),
        "decoder/embeddings/weight": w["decoder.token_embedding.weight"],
        "decoder/position_encodings/encodings": w["decoder.positional_embedding"],
        "encoder/position_encodings/encodings": w["encoder.positional_embedding"],
    }

    def put(theirs: str, *ours: str) -> None:
        """Store linear layers one below the other, with zeros for the missing bias of keys."""
        matrices = [w[f"{name}.weight"] for name in ours]
        biases = [
            w.get(f"{name}.bias", torch.zeros(len(matrix), dtype=matrix.dtype))
            for name, matrix in zip(ours, matrices, strict=True)
        ]
        variables[f"{theirs}/weight"] = torch.cat(matrices)
        variables[f"{theirs}/bias"] = torch.cat(biases)

    def put_norm(theirs: str, ours: str) -> None:
        variables[f"{theirs}/gamma"] = w[f"{ours}.weight"]
        variables[f"{theirs}/beta"] = w[f"{ours}.bias"]

    put("encoder/conv1", "encoder.conv1")
    put("encoder/conv2", "encoder.conv2")
    put_norm("encoder/layer_norm", "encoder.ln_post")
    put_norm("decoder/layer_norm", "decoder.ln")
    for part, layers in (
        ("encoder", dimensions["n_audio_layer"]),
        ("decoder", dimensions["n_text_layer"]),
    ):
        for number in range(layers):
            theirs, ours = f"{part}/layer_{number}", f"{part}.blocks.{number}"
            attention = f"{ours}.attn"
            put(
                f"{theirs}/self_attention/linear_0",
                *(f"{attention}.{name}" for name in ("query", "key", "value")),
            )
            put(f"{theirs}/self_attention/linear_1", f"{attention}.out")
            put_norm(f"{theirs}/self_attention/layer_norm", f"{ours}.attn_ln")
            put(f"{theirs}/ffn/linear_0", f"{ours}.mlp.0")
            put(f"{theirs}/ffn/linear_1", f"{ours}.mlp.2")
            put_norm(f"{theirs}/ffn/layer_norm", f"{ours}.mlp_ln")
            if part == "decoder":
                cross = f"{ours}.cross_attn"
                put(f"{theirs}/attention/linear_0", f"{cross}.query")
                put(f"{theirs}/attention/linear_1", f"{cross}.key", f"{cross}.value")
                put(f"{theirs}/attention/linear_2", f"{cross}.out")
                put_norm(f"{theirs}/attention/layer_norm", f"{ours}.cross_attn_ln")
    return variables


def quantized(variables: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return `variables` with the matrices as ``int8`` with a scale per row, or as ``int16``."""
    result: dict[str, Any] = {}
    for name, value in variables.items():
        if not name.endswith("/weight"):
            result[name] = value
            continue
        matrix = value.float().numpy()
        if kind == "int16":
            scale = np.float32(2**10 / np.abs(matrix).max())
            result[name] = np.rint(matrix * scale).astype(np.int16)
        else:
            rows = matrix.reshape(len(matrix), -1)
            scale = (127.0 / np.abs(rows).max(axis=1)).astype(np.float32)
            result[name] = np.rint(rows * scale[:, None]).astype(np.int8).reshape(matrix.shape)
        result[f"{name}_scale"] = scale
    return result


def raw_bytes(tensor: torch.Tensor) -> bytes:
    """Return the elements of `tensor` row by row, also of types that numpy does not have."""
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def encode_ctranslate2(
    variables: Mapping[str, Any],
    aliases: Mapping[str, str] | None = None,
    *,
    version: int = 6,
    specification: str = "WhisperSpec",
    revision: int = 3,
) -> bytes:
    """Return the content of a ``model.bin``."""
    if aliases is None:
        aliases = {"decoder/projection/weight": "decoder/embeddings/weight"}
    types = ("float32", "int8", "int16", "int32", "float16", "bfloat16")

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    content = struct.pack("<I", version) + text(specification)
    content += struct.pack("<II", revision, len(variables))
    for name, value in sorted(variables.items()):
        kind = str(value.dtype).removeprefix("torch.")
        data = value.tobytes() if isinstance(value, np.ndarray | np.generic) else raw_bytes(value)
        content += text(name) + struct.pack("<B", value.ndim)
        content += struct.pack(f"<{value.ndim}I", *value.shape)
        content += struct.pack("<BI", types.index(kind), len(data)) + data
    content += struct.pack("<I", len(aliases))
    return content + b"".join(text(name) + text(target) for name, target in aliases.items())


def save_ctranslate2(
    folder: Path, content: bytes, *, heads: Sequence[Sequence[int]] | None = HEADS
) -> Path:
    """Save a model folder as CTranslate2's converter does."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.bin").write_bytes(content)
    (folder / "config.json").write_text(json.dumps({"alignment_heads": heads, "lang_ids": []}))
    return folder
