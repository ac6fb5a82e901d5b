"""Small checkpoints of random weights whose heads are as wide as the operators want them."""

from __future__ import annotations

import ctypes
import hashlib
from pathlib import Path
from typing import Any

import torch

from transcriber.engine import openai_whisper
from transcriber.models.stored import StoredModel

whisper = openai_whisper.load()

DIMENSIONS = {
    "n_mels": 80,
    "n_audio_ctx": 1500,
    "n_audio_state": 128,
    "n_audio_head": 2,
    "n_audio_layer": 2,
    "n_vocab": 51865,
    "n_text_ctx": 64,
    "n_text_state": 128,
    "n_text_head": 2,
    "n_text_layer": 2,
}


def content(tensor: torch.Tensor) -> bytes:
    """Return the bytes of a tensor of any type, of which our own PyTorch knows little."""
    assert tensor.is_contiguous()
    size = tensor.numel() * tensor.element_size()
    return ctypes.string_at(tensor.data_ptr(), size) if size else b""


def network(seed: int = 1, **changes: int) -> Any:
    """Return a network that says nonsense, but for many tokens different things."""
    torch.manual_seed(seed)
    model = whisper.model.Whisper(whisper.model.ModelDimensions(**(DIMENSIONS | changes))).eval()
    with torch.no_grad():
        torch.nn.init.normal_(model.decoder.positional_embedding)
        for parameter in model.parameters():
            parameter.mul_(1.5)
    return model


def save(model: Any, path: Path, *, half: bool = True, **content: Any) -> StoredModel:
    """Write a network as OpenAI does, in half precision."""
    state = model.state_dict()
    if half:
        state = {name: value.half() for name, value in state.items()}
        model.load_state_dict(state)
    torch.save({"dims": vars(model.dims), "model_state_dict": state, **content}, path)
    return stored(path)


def stored(path: Path) -> StoredModel:
    """Describe a checkpoint as the store does."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return StoredModel(
        name=path.stem, path=path, sha256=digest, size=path.stat().st_size, origin="openai"
    )
