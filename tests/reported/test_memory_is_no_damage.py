"""Memory that runs out while a checkpoint is read is no fault of the file."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from models.checkpoints.samples import random_weights, save_hugging_face, save_openai

from transcriber.engine.fused.checkpoint import open_checkpoint
from transcriber.engine.model_loading import load_checkpoint
from transcriber.errors import LimitError, ModelError, OutOfMemoryError
from transcriber.models.importing import import_checkpoint
from transcriber.settings import DecodingSettings

SIGNS: list[Exception] = [
    MemoryError(),
    RuntimeError("unable to mmap 145262807 bytes from file <x>: Cannot allocate memory (12)"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
    OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
]


def failing(error: Exception) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return save_openai(tmp_path / "mine.pt", random_weights())


@pytest.mark.parametrize("error", SIGNS, ids=repr)
def test_engines(checkpoint: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(torch, "load", failing(error))
    with pytest.raises(OutOfMemoryError, match="not enough memory for the model mine"):
        open_checkpoint(checkpoint, "mine")
    with pytest.raises(OutOfMemoryError, match="not enough memory for the model mine") as caught:
        load_checkpoint(
            checkpoint, name="mine", official=None, device="cpu", settings=DecodingSettings()
        )
    assert "--device" not in str(caught.value)


@pytest.mark.parametrize("error", SIGNS, ids=repr)
def test_imports(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(torch, "load", failing(error))
    with pytest.raises(LimitError, match="not enough memory to import"):
        import_checkpoint(checkpoint, name=None, directory=tmp_path / "store")


@pytest.mark.parametrize("error", [SIGNS[0], SIGNS[-1]], ids=repr)
def test_imports_of_other_formats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    source = save_hugging_face(tmp_path / "mine", random_weights())
    monkeypatch.setattr(np, "memmap", failing(error))
    with pytest.raises(LimitError, match="not enough memory to import"):
        import_checkpoint(source, name=None, directory=tmp_path / "store")


def test_imports_where_the_libraries_have_no_room(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("transcriber.models.importing.libraries_fit", lambda: False)
    with pytest.raises(LimitError, match="not enough memory to import"):
        import_checkpoint(checkpoint, name=None, directory=tmp_path / "store")


def test_a_damaged_file_is_still_one(checkpoint: Path, tmp_path: Path) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:-5000])
    with pytest.raises(ModelError):
        open_checkpoint(checkpoint, "mine")
    with pytest.raises(ModelError):
        import_checkpoint(checkpoint, name=None, directory=tmp_path / "store")
