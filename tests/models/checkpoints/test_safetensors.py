from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from transcriber.errors import ModelError
from transcriber.models.checkpoints.safetensors import read_safetensors

_BITS = {torch.float32: torch.int32, torch.float16: torch.int16, torch.bfloat16: torch.int16}


@pytest.mark.parametrize("dtype", list(_BITS))
def test_it_reads_what_the_library_writes(tmp_path: Path, dtype: torch.dtype) -> None:
    path = tmp_path / "model.safetensors"
    tensors = {
        "matrix": torch.randn((5, 7)).to(dtype),
        "vector": torch.randn(3).to(dtype),
        "empty": torch.zeros((0, 4), dtype=dtype),
        "scalar": torch.tensor(1.5).to(dtype),
    }
    safetensors.torch.save_file(tensors, path, {"format": "pt"})
    read = read_safetensors(path)
    assert sorted(read) == sorted(tensors)
    for name, tensor in tensors.items():
        expected = tensor.view(_BITS[dtype]).numpy()
        assert read[name].shape == tuple(tensor.shape)
        assert np.array_equal(read[name].view(expected.dtype), expected)


def test_types_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    tensors = {f"{dtype}": torch.randn(9).to(dtype) for dtype in _BITS}
    safetensors.torch.save_file(tensors, path)
    assert {name: str(tensor.dtype) for name, tensor in read_safetensors(path).items()} == {
        "torch.float32": "float32",
        "torch.float16": "float16",
        "torch.bfloat16": "uint16",
    }


def _write(path: Path, header: Any, data: bytes = bytes(16)) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def _entry(begin: Any, end: Any, shape: Any = (4,), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def test_the_samples_below_fail_for_their_own_reason(tmp_path: Path) -> None:
    path = _write(tmp_path / "m", {"a": _entry(0, 16)})
    assert read_safetensors(path)["a"].tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"", "JSON"),
        (b"[]", "JSON object"),
        (b"{", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"\xff\xfe", "JSON"),
        ({"a": 1}, "not described"),
        ({"a": {"dtype": "F32"}}, "not described"),
        ({"a": _entry(0, 16) | {"data_offsets": [0]}}, "not described"),
        ({"a": _entry(0, 16, dtype="I32")}, "another type"),
        ({"a": _entry(0, 16, dtype=["F32"])}, "another type"),
        ({"a": _entry(0, 16, [-4])}, "counts"),
        ({"a": _entry(0, 16, [4.0])}, "counts"),
        ({"a": _entry(0, 16, [True, 4])}, "counts"),
        ({"a": _entry("0", "16")}, "counts"),
        ({"a": _entry(0, 12)}, "length"),
        ({"a": _entry(0, 16, [2, 2, 2])}, "length"),
        ({"a": _entry(0, 16, [4] + [1] * 40)}, "length"),
        ({"a": _entry(16, 0)}, "length"),
        ({"a": _entry(16, 32)}, "cut short"),
        ({"a": _entry(0, 1 << 62, [1 << 60])}, "cut short"),
        ({"a": _entry(0, 0, [0, 1 << 62, 1 << 62])}, "no tensor"),
        ({"a": _entry(0, 16), "b": _entry(0, 16)}, "overlap"),
        ({"a": _entry(0, 16), "b": _entry(8, 16, [2])}, "overlap"),
        ({"a": _entry(0, 4, [1]), "b": _entry(8, 16, [2])}, "gap"),
        ({"a": _entry(0, 8, [2])}, "no tensor's"),
        ({"__metadata__": {}}, "no tensor's"),
    ],
)
def test_a_damaged_header_is_one_clear_error(tmp_path: Path, header: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        read_safetensors(_write(tmp_path / "model.safetensors", header))


@pytest.mark.parametrize("length", [0xFFFF_FFFF_FFFF_FFFF, 1 << 40, 17 << 20, 1000])
def test_a_header_longer_than_the_file_is_not_allocated(tmp_path: Path, length: int) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", length) + b"{}")
    with pytest.raises(ModelError, match=r"claims|cut short"):
        read_safetensors(path)


@pytest.mark.parametrize("content", [b"", b"\0" * 7])
def test_a_file_without_a_header_is_cut_short(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="cut short"):
        read_safetensors(path)
