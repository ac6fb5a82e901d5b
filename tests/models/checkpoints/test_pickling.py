from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
import torch

from transcriber.models.checkpoints.pickling import StoredTensor, pickle_checkpoint

DIMENSIONS = {"n_mels": 80, "n_vocab": 51865, "n_audio_ctx": 1500}

_STORAGES = {
    torch.float16: "HalfStorage",
    torch.float32: "FloatStorage",
    torch.bfloat16: "BFloat16Storage",
}


def _described(tensors: dict[str, torch.Tensor]) -> list[StoredTensor]:
    return [
        StoredTensor(
            name=name,
            storage=_STORAGES[tensor.dtype],
            shape=tuple(tensor.shape),
            strides=tensor.stride(),
        )
        for name, tensor in tensors.items()
    ]


def _saved_by_torch(content: dict[str, Any]) -> tuple[bytes, io.BytesIO]:
    stream = io.BytesIO()
    torch.save(content, stream)
    with zipfile.ZipFile(stream) as archive:
        return archive.read("archive/data.pkl"), stream


@pytest.mark.parametrize("count", [2, 40, 999, 1001, 2500])
def test_it_is_the_pickle_of_torch(count: int) -> None:
    """Also across the limits of a batch and of a number of one byte."""
    tensors = {
        f"blocks.{n}.weight": torch.zeros((n % 300 + 1, 3), dtype=list(_STORAGES)[n % 3]).T
        for n in range(1, count)
    }
    tensors["large"] = torch.zeros((2, 40000), dtype=torch.float16)
    expected, _ = _saved_by_torch({"dims": DIMENSIONS, "model_state_dict": tensors})
    assert pickle_checkpoint(DIMENSIONS, _described(tensors), ()) == expected


@pytest.mark.parametrize("heads", [((5, 1),), ((3, 1), (4, 2), (31, 19))])
def test_alignment_heads_are_read_as_a_list(heads: tuple[tuple[int, int], ...]) -> None:
    tensors = {"bias": torch.arange(3.0)}
    _, stream = _saved_by_torch({"dims": DIMENSIONS, "model_state_dict": tensors})
    ours = pickle_checkpoint(DIMENSIONS, _described(tensors), heads)
    with zipfile.ZipFile(stream) as archive:
        records = {record.filename: archive.read(record) for record in archive.infolist()}
    rewritten = io.BytesIO()
    with zipfile.ZipFile(rewritten, "w") as archive:
        for name, content in (records | {"archive/data.pkl": ours}).items():
            archive.writestr(name, content)
    rewritten.seek(0)
    loaded = torch.load(rewritten, weights_only=True)
    assert loaded["alignment_heads"] == list(heads)
    assert torch.equal(loaded["model_state_dict"]["bias"], tensors["bias"])
