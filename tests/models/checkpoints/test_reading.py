from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from transcriber.errors import ModelError
from transcriber.models.checkpoints.reading import read_checkpoint

from .samples import (
    Weights,
    ctranslate2_variables,
    encode_ctranslate2,
    random_weights,
    save_ctranslate2,
    save_hugging_face,
    save_openai,
)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return random_weights()


@pytest.fixture(scope="module")
def sources(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the same model in every format that is read, and in every way to name it."""
    folder = tmp_path_factory.mktemp("sources")
    hugging_face = save_hugging_face(folder / "hugging_face", weights)
    sharded = save_hugging_face(folder / "sharded", weights, shards=2)
    content = encode_ctranslate2(ctranslate2_variables(weights))
    ctranslate2 = save_ctranslate2(folder / "ctranslate2", content)
    (folder / "only").mkdir()
    return {
        "openai": save_openai(folder / "model.pt", weights),
        "openai, other suffix": save_openai(folder / "model.ckpt", weights),
        "openai, folder": save_openai(folder / "only" / "best.pt", weights).parent,
        "safetensors": hugging_face,
        "safetensors, file": hugging_face / "model.safetensors",
        "safetensors, sharded": sharded,
        "safetensors, index": sharded / "model.safetensors.index.json",
        "ctranslate2": ctranslate2,
        "ctranslate2, file": ctranslate2 / "model.bin",
    }


def test_every_source_is_recognised_and_gives_the_same(
    sources: dict[str, Path], weights: Weights
) -> None:
    for description, source in sources.items():
        checkpoint = read_checkpoint(source)
        assert checkpoint.origin == description.split(",")[0]
        for name, tensor in checkpoint.tensors.items():
            assert tensor.tobytes() == weights[name].numpy().tobytes(), (description, name)


def test_safetensors_come_before_what_is_made_from_them(
    sources: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copytree(sources["safetensors"], tmp_path, dirs_exist_ok=True)
    (tmp_path / "model.bin").write_bytes(b"")
    assert read_checkpoint(tmp_path).origin == "safetensors"


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no checkpoint .*/nothing: give a \.pt file"):
        read_checkpoint(tmp_path / "nothing")


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    with pytest.raises(ModelError, match="holds no checkpoint"):
        read_checkpoint(tmp_path)


def test_several_files_are_not_chosen_from(tmp_path: Path) -> None:
    (tmp_path / "a.pt").touch()
    (tmp_path / "b.pt").touch()
    with pytest.raises(ModelError, match=r"2 \.pt files"):
        read_checkpoint(tmp_path)


def test_weights_in_a_pickle_of_transformers_get_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(ModelError, match=r"get the model's model\.safetensors"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("content", [b"", b"ggml", b"RIFF....WAVE", b"\x80\x02}q\0."])
def test_a_file_of_another_kind_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.dat"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.dat is not a checkpoint of a known format"):
        read_checkpoint(path)


def test_a_pipe_is_not_waited_for(tmp_path: Path, sources: dict[str, Path]) -> None:
    os.mkfifo(tmp_path / "model.bin")
    for source in (tmp_path, tmp_path / "model.bin"):
        with pytest.raises(ModelError, match="no checkpoint"):
            read_checkpoint(source)
    folder = tmp_path / "folder"
    shutil.copytree(sources["safetensors"], folder)
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")
    with pytest.raises(ModelError, match=r"no config\.json"):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b"])
def test_a_name_that_no_file_can_have_is_one_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError):
        read_checkpoint(tmp_path / name)
