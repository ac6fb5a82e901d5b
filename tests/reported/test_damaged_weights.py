"""A checkpoint with NaN among its weights was loaded, and wrote an empty transcript."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from models.checkpoints.samples import (
    DIMENSIONS,
    Weights,
    ctranslate2_variables,
    encode_ctranslate2,
    quantized,
    random_weights,
    save_ctranslate2,
    save_hugging_face,
    save_openai,
)

from transcriber.engine.fused.checkpoint import open_checkpoint
from transcriber.engine.model_loading import load_model
from transcriber.errors import ModelError
from transcriber.models.checkpoints.reading import read_checkpoint
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

SPOILT = [
    "encoder.positional_embedding",
    "encoder.conv1.weight",
    "decoder.token_embedding.weight",
    "decoder.blocks.1.cross_attn.out.bias",
    "decoder.ln.weight",
]
VALUES = [math.nan, math.inf, -math.inf]


def spoilt(name: str, value: float, dtype: torch.dtype) -> Weights:
    weights = random_weights(dtype=dtype)
    weights[name].view(-1)[-1] = value
    return weights


def stored(path: Path) -> StoredModel:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return StoredModel(
        name="mine", path=path, sha256=digest, size=path.stat().st_size, origin="file"
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32], ids=str)
@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("name", SPOILT)
def test_no_engine_loads_it(tmp_path: Path, name: str, value: float, dtype: torch.dtype) -> None:
    model = stored(save_openai(tmp_path / "mine.pt", spoilt(name, value, dtype)))
    told = rf"mine.pt is damaged: {name} holds values that are not finite"
    with pytest.raises(ModelError, match=told):
        load_model(model, device="cpu", settings=DecodingSettings(fp16=False))
    with pytest.raises(ModelError, match=told):
        open_checkpoint(model.path, "mine")


def save_ctranslate2_of(folder: Path, weights: Weights) -> Path:
    return save_ctranslate2(folder, encode_ctranslate2(ctranslate2_variables(weights)))


def save_file(folder: Path, weights: Weights) -> Path:
    folder.mkdir()
    return save_openai(folder / "mine.pt", weights)


def save_with_output_layer(folder: Path, weights: Weights) -> Path:
    """Save the token embedding twice, as some programs do."""
    save_hugging_face(folder, weights)
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    tensors["proj_out.weight"] = weights["decoder.token_embedding.weight"].clone()
    safetensors.torch.save_file(tensors, folder / "model.safetensors")
    return folder


FORMATS: dict[str, Callable[[Path, Weights], Path]] = {
    "OpenAI": save_file,
    "Hugging Face": save_hugging_face,
    "Hugging Face in parts": lambda folder, weights: save_hugging_face(folder, weights, shards=3),
    "Hugging Face with an output layer": save_with_output_layer,
    "CTranslate2": save_ctranslate2_of,
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", SPOILT[:3])
def test_none_is_imported(tmp_path: Path, kind: str, name: str, value: float) -> None:
    save = FORMATS[kind]
    read_checkpoint(save(tmp_path / "right", random_weights(dtype=torch.float32)))
    source = save(tmp_path / "spoilt", spoilt(name, value, torch.float32))
    with pytest.raises(ModelError, match=r"is damaged: .* holds values that are not finite"):
        read_checkpoint(source)


@pytest.mark.parametrize("kind", ["int8", "int16"])
def test_a_scale_that_is_no_number(tmp_path: Path, kind: str) -> None:
    variables: dict[str, Any] = quantized(ctranslate2_variables(random_weights()), kind)
    name = next(name for name in variables if name.endswith("_scale"))
    variables[name] = np.full_like(variables[name], math.nan)
    source = save_ctranslate2(tmp_path / "spoilt", encode_ctranslate2(variables))
    with pytest.raises(ModelError, match=r"finite|scale|positive"):
        read_checkpoint(source)


def test_whole_weights_are_loaded(tmp_path: Path) -> None:
    model = stored(save_openai(tmp_path / "mine.pt", random_weights()))
    assert load_model(model, device="cpu", settings=DecodingSettings(fp16=False)).multilingual
    assert open_checkpoint(model.path, "mine").dimensions == DIMENSIONS
