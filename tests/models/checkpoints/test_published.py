"""OpenAI's own files are not at hand here: a model of random weights takes their place."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch

from transcriber.models.checkpoints import published as module
from transcriber.models.checkpoints.checkpoint import Checkpoint
from transcriber.models.checkpoints.digesting import DigestingSink
from transcriber.models.checkpoints.openai import write_openai
from transcriber.models.checkpoints.published import find_published
from transcriber.models.checkpoints.reading import read_checkpoint
from transcriber.models.registry import Dimensions, OfficialModel

from .samples import (
    ctranslate2_variables,
    encode_ctranslate2,
    quantized,
    random_weights,
    save_ctranslate2,
    save_hugging_face,
    save_openai,
)

Save = Callable[[Path], Path]


@pytest.fixture
def original(tmp_path: Path) -> Checkpoint:
    return read_checkpoint(save_openai(tmp_path / "original.pt", random_weights()))


@pytest.fixture
def official(original: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> OfficialModel:
    """Pretend that OpenAI published this model and another one of the same dimensions."""
    digest = DigestingSink()
    write_openai(digest, original)
    model = OfficialModel(
        name="mini",
        aliases=(),
        address="https://example.org/mini.pt",
        size=digest.size,
        sha256=digest.sha256,
        dimensions=Dimensions(
            mels=80, vocabulary=51865, state=4, heads=2, encoder_layers=1, decoder_layers=2
        ),
    )
    models = {"mini": model, "mini-v2": replace(model, name="mini-v2", sha256="0" * 64)}
    monkeypatch.setattr(module, "official_models", lambda: MappingProxyType(models))
    return model


def _openai(dtype: torch.dtype) -> Save:
    return lambda path: save_openai(path / "m.pt", _weights(dtype), alignment_heads=[[0, 0]])


def _hugging_face(dtype: torch.dtype) -> Save:
    return lambda path: save_hugging_face(path / "hf", _weights(dtype))


def _ctranslate2(dtype: torch.dtype) -> Save:
    variables = ctranslate2_variables(_weights(dtype))
    return lambda path: save_ctranslate2(path / "ct2", encode_ctranslate2(variables))


def _weights(dtype: torch.dtype) -> dict[str, torch.Tensor]:
    return {name: tensor.to(dtype) for name, tensor in random_weights().items()}


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
@pytest.mark.parametrize("save", [_openai, _hugging_face, _ctranslate2])
def test_the_same_numbers_give_the_same_file(
    tmp_path: Path,
    official: OfficialModel,
    save: Callable[[torch.dtype], Save],
    dtype: torch.dtype,
) -> None:
    found = find_published(read_checkpoint(save(dtype)(tmp_path)))
    assert found is not None
    model, write = found
    assert model is official
    content = DigestingSink()
    write(content)
    assert (content.sha256, content.size) == (official.sha256, official.size)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_one_bit_makes_it_another_model(
    tmp_path: Path, official: OfficialModel, dtype: torch.dtype
) -> None:
    weights = _weights(dtype)
    bits = torch.int16 if dtype == torch.float16 else torch.int32
    weights["encoder.blocks.0.mlp.2.weight"].view(bits)[3, 15] ^= 1
    assert find_published(read_checkpoint(save_openai(tmp_path / "m.pt", weights))) is None


@pytest.mark.parametrize("kind", ["int8", "int16"])
def test_rounded_weights_are_another_model(
    tmp_path: Path, official: OfficialModel, kind: str
) -> None:
    content = encode_ctranslate2(quantized(ctranslate2_variables(random_weights()), kind))
    assert find_published(read_checkpoint(save_ctranslate2(tmp_path, content))) is None


def test_bfloat16_and_what_float16_cannot_hold_are_other_models(
    tmp_path: Path, official: OfficialModel
) -> None:
    bfloat16 = save_openai(tmp_path / "m.pt", random_weights(dtype=torch.bfloat16))
    assert find_published(read_checkpoint(bfloat16)) is None
    large = _weights(torch.float32)
    large["encoder.conv1.bias"][0] = 1e6
    assert find_published(read_checkpoint(save_openai(tmp_path / "m.pt", large))) is None


def test_the_file_itself_is_recognised_however_torch_wrote_it(
    tmp_path: Path, original: Checkpoint, monkeypatch: pytest.MonkeyPatch, official: OfficialModel
) -> None:
    """As with large-v3, whose file this program would write with other bytes."""
    path = Path(original.source)
    digest = DigestingSink()
    digest.write(path.read_bytes())
    later = replace(official, sha256=digest.sha256, size=digest.size)
    monkeypatch.setattr(module, "official_models", lambda: {"mini": later})
    found = find_published(original)
    assert found is not None
    copy = io.BytesIO()
    found[1](copy)
    assert copy.getvalue() == path.read_bytes()


def test_other_dimensions_are_not_written_at_all(
    original: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object) -> None:
        pytest.fail("nothing has to be written to see this")

    monkeypatch.setattr(module, "write_openai", write)
    assert find_published(original) is None
