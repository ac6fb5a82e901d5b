from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import BFLOAT16, Checkpoint, verified
from transcriber.models.checkpoints.hugging_face import read_hugging_face

from .samples import (
    DIMENSIONS,
    Weights,
    hugging_face_config,
    hugging_face_name,
    random_weights,
    raw_bytes,
    save_hugging_face,
)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_weights()


@pytest.fixture
def folder(tmp_path: Path, weights: Weights) -> Path:
    return save_hugging_face(tmp_path / "model", weights)


def assert_same(checkpoint: Checkpoint, weights: Weights) -> None:
    assert checkpoint.tensors.keys() == weights.keys()
    for name, tensor in checkpoint.tensors.items():
        assert tensor.shape == tuple(weights[name].shape)
        assert tensor.tobytes() == raw_bytes(weights[name])


def test_the_names_of_transformers_are_as_documented() -> None:
    names = {
        "decoder.blocks.1.cross_attn.value.bias": "model.decoder.layers.1.encoder_attn.v_proj.bias",
        "encoder.positional_embedding": "model.encoder.embed_positions.weight",
        "encoder.blocks.0.mlp_ln.weight": "model.encoder.layers.0.final_layer_norm.weight",
        "encoder.ln_post.bias": "model.encoder.layer_norm.bias",
        "decoder.ln.bias": "model.decoder.layer_norm.bias",
    }
    assert {name: hugging_face_name(name) for name in names} == names


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("shards", [1, 3])
def test_a_folder_is_read_exactly(tmp_path: Path, dtype: torch.dtype, shards: int) -> None:
    weights = random_weights(dtype=dtype)
    checkpoint = verified(read_hugging_face(save_hugging_face(tmp_path, weights, shards=shards)))
    assert_same(checkpoint, weights)
    assert checkpoint.dimensions == DIMENSIONS
    assert checkpoint.alignment_heads == ((0, 1), (1, 0))
    assert checkpoint.origin == "safetensors"
    if dtype == torch.bfloat16:
        assert {tensor.dtype for tensor in checkpoint.tensors.values()} == {BFLOAT16}


def _save(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    safetensors.torch.save_file(tensors, folder / "model.safetensors")


def _tensors(folder: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = safetensors.torch.load_file(folder / "model.safetensors")
    return tensors


def test_an_output_layer_that_is_the_embedding_is_dropped(folder: Path, weights: Weights) -> None:
    tied = weights["decoder.token_embedding.weight"].clone()
    _save(folder, _tensors(folder) | {"proj_out.weight": tied})
    assert_same(verified(read_hugging_face(folder)), weights)


def test_an_output_layer_of_its_own_is_refused(folder: Path, weights: Weights) -> None:
    other = weights["decoder.token_embedding.weight"].clone()
    other[-1, -1] += 1
    _save(folder, _tensors(folder) | {"proj_out.weight": other})
    with pytest.raises(ModelError, match="output projection"):
        read_hugging_face(folder)


def test_names_without_the_prefix_are_read_too(folder: Path, weights: Weights) -> None:
    bare = {name.removeprefix("model."): tensor for name, tensor in _tensors(folder).items()}
    _save(folder, bare)
    assert_same(verified(read_hugging_face(folder)), weights)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("model.encoder.layers.0.self_attn.k_proj.bias", "attn.key.bias"),
        ("model.encoder.layers.0.self_attn.rotary.weight", "which Whisper has not"),
        ("model.encoder.conv3.weight", "which Whisper has not"),
        ("encoder.conv1.bias", "which Whisper has not"),
        ("model.encoder.layers.00.fc1.bias", "it has encoder.blocks.00.mlp.0.bias"),
    ],
)
def test_a_tensor_too_many_is_refused(folder: Path, name: str, message: str) -> None:
    _save(folder, _tensors(folder) | {name: torch.zeros(4, dtype=torch.float16)})
    with pytest.raises(ModelError, match=message):
        verified(read_hugging_face(folder))


def test_a_tensor_too_few_is_named(folder: Path) -> None:
    tensors = _tensors(folder)
    del tensors["model.decoder.layers.1.encoder_attn.q_proj.bias"]
    _save(folder, tensors)
    with pytest.raises(ModelError, match=r"lacks decoder\.blocks\.1\.cross_attn\.query\.bias"):
        verified(read_hugging_face(folder))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "wav2vec2"}, "model_type is not whisper"),
        ({"activation_function": "relu"}, "activation_function is not gelu"),
        ({"scale_embedding": True}, "scale_embedding is not False"),
        ({"encoder_layers": 2}, r"lacks encoder\.blocks\.1"),
        ({"d_model": "4"}, "n_audio_state"),
        ({"d_model": 8}, "has the shape"),
        ({"vocab_size": None}, "n_vocab"),
        ({"vocab_size": 51864}, "has the shape"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(
    folder: Path, change: dict[str, Any], message: str
) -> None:
    (folder / "config.json").write_text(json.dumps(hugging_face_config() | change))
    with pytest.raises(ModelError, match=message):
        verified(read_hugging_face(folder))


def test_the_configuration_is_needed_and_the_generation_settings_are_not(folder: Path) -> None:
    (folder / "generation_config.json").unlink()
    assert verified(read_hugging_face(folder)).alignment_heads is None
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"no config\.json"):
        read_hugging_face(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", "nul", '{"a": ' + "[" * 100_000, "1" * 5000])
def test_a_damaged_configuration_is_one_clear_error(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json"):
        read_hugging_face(folder)


def test_a_configuration_without_end_is_not_read(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"a": "b" * (17 << 20)}))
    with pytest.raises(ModelError, match="longer than"):
        read_hugging_face(folder)


def test_a_missing_shard_is_named(tmp_path: Path, weights: Weights) -> None:
    folder = save_hugging_face(tmp_path, weights, shards=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(ModelError, match=r"'model-00002-of-00003\.safetensors' is missing"):
        read_hugging_face(folder)


@pytest.mark.parametrize("name", ["../outside.safetensors", "/etc/hostname", "..", "", "a\0b"])
def test_a_shard_lies_in_the_folder(tmp_path: Path, weights: Weights, name: str) -> None:
    folder = save_hugging_face(tmp_path / "model", weights, shards=2)
    (tmp_path / "outside.safetensors").write_bytes(b"")
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    content["weight_map"]["model.encoder.conv1.bias"] = name
    index.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="is missing"):
        read_hugging_face(folder)


def test_a_shard_holds_what_the_index_says(tmp_path: Path, weights: Weights) -> None:
    folder = save_hugging_face(tmp_path, weights, shards=2)
    index = folder / "model.safetensors.index.json"
    content = json.loads(index.read_text())
    place = content["weight_map"].pop("model.encoder.conv1.bias")
    index.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=f"{place} does not hold what"):
        read_hugging_face(folder)


@pytest.mark.parametrize("places", [None, [], {"a": 1}])
def test_an_index_without_places_is_refused(
    tmp_path: Path, weights: Weights, places: object
) -> None:
    folder = save_hugging_face(tmp_path, weights, shards=2)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    with pytest.raises(ModelError, match="which file holds which tensor"):
        read_hugging_face(folder)
