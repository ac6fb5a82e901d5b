"""The weights in the form that whisper.cpp reads."""

from __future__ import annotations

import ctypes
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from whisper.tokenizer import get_tokenizer

from benchmarks.peers.ggml_weights import BLOCK, Form, provide_ggml, quantise, write_ggml
from scripts.layout import PEERS
from transcriber.errors import ModelError
from transcriber.models.checkpoints.reading import read_checkpoint

BLOCK_TYPE = np.dtype([("scale", "<f2"), ("numbers", "i1", BLOCK)])

PUBLISHED_BYTES = {"f16": 147_951_465, "q8_0": 81_768_585}
"""Of the files of base that whisper.cpp's authors give away."""


def dequantised(content: bytes, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    blocks = np.frombuffer(content, BLOCK_TYPE)
    scales = blocks["scale"].astype(np.float32)[:, np.newaxis]
    values: npt.NDArray[np.float32] = scales * blocks["numbers"].astype(np.float32)
    return values.reshape(shape)


def random_weights(rows: int = 64) -> npt.NDArray[np.float16]:
    weights = np.random.default_rng(0).normal(scale=0.05, size=(rows, 4 * BLOCK))
    weights[3] = 0
    weights[4] *= 1e-6  # where float16 has no full precision
    return weights.astype(np.float16)


def test_the_largest_of_a_block_is_127_and_the_rest_follows() -> None:
    weights = np.zeros((1, BLOCK), np.float32)
    weights[0, :5] = [-254, 3, -3, 2.9, 1]
    (block,) = np.frombuffer(quantise(weights), BLOCK_TYPE)
    assert block["scale"] == 2
    # Halves are rounded away from zero.
    assert block["numbers"].tolist() == [-127, 2, -2, 1, 1, *[0] * (BLOCK - 5)]


def test_an_element_is_at_most_half_a_step_off() -> None:
    weights = random_weights()
    largest = np.abs(weights.astype(np.float32)).reshape(-1, BLOCK).max(axis=1)
    error = np.abs(dequantised(quantise(weights), weights.shape) - weights).reshape(-1, BLOCK)
    # The scale itself is rounded to 11 bits, or to the smallest step of float16.
    allowed = largest / 127 * 0.5 + largest * 2**-11 + 127 * 2**-25
    assert (error.max(axis=1) <= allowed).all()
    assert error.max() > 0


def test_a_block_is_the_one_of_ggml_itself() -> None:
    libraries = sorted(PEERS.glob("lib/python*/site-packages/libggml-base.so"))
    if not libraries:
        pytest.skip("whisper.cpp is not installed: `make bench` does it")
    weights = random_weights().astype(np.float32)
    expected = ctypes.create_string_buffer(weights.size // BLOCK * BLOCK_TYPE.itemsize)
    quantise_row = ctypes.CDLL(str(libraries[0])).quantize_row_q8_0_ref
    quantise_row(weights.ctypes.data_as(ctypes.c_void_p), expected, ctypes.c_int64(weights.size))
    assert quantise(weights) == expected.raw


class Reader:
    """Reads a file as whisper.cpp does."""

    def __init__(self, content: bytes) -> None:
        stream = io.BytesIO(content)

        def integers(count: int) -> list[int]:
            return list(struct.unpack(f"<{count}i", stream.read(4 * count)))

        self.magic, *self.dimensions, self.file_type = integers(12)
        mels, bins = integers(2)
        self.filters = np.frombuffer(stream.read(4 * mels * bins), "<f4").reshape(mels, bins)
        self.tokens = [stream.read(*integers(1)) for _ in range(*integers(1))]
        self.tensors: dict[str, tuple[int, tuple[int, ...], bytes]] = {}
        while stream.tell() < len(content):
            axes, length, kind = integers(3)
            shape = tuple(integers(axes)[::-1])
            name = stream.read(length).decode()
            elements = int(np.prod(shape))
            size = {0: 4 * elements, 1: 2 * elements, 8: elements // BLOCK * BLOCK_TYPE.itemsize}
            self.tensors[name] = (kind, shape, stream.read(size[kind]))


def values(kind: int, shape: tuple[int, ...], content: bytes) -> npt.NDArray[Any]:
    if kind == 8:
        return dequantised(content, shape)
    return np.frombuffer(content, {0: "<f4", 1: "<f2"}[kind]).reshape(shape)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["f16", "q8_0"])
def test_a_file_holds_the_weights_of_the_checkpoint(models: Path, form: Form) -> None:
    stream = io.BytesIO()
    write_ggml(models / "base.pt", form, stream)
    content = stream.getvalue()
    assert len(content) == PUBLISHED_BYTES[form]
    read = Reader(content)
    assert read.magic == int.from_bytes(b"ggml", "big")
    assert read.dimensions == [51865, 1500, 512, 8, 6, 448, 512, 8, 6, 80]
    assert read.filters.shape == (80, 201)
    assert len(read.tokens) == 50257
    (hello,) = get_tokenizer(multilingual=True).encode(" hello")
    assert read.tokens[hello] == b" hello"

    checkpoint = read_checkpoint(models / "base.pt")
    assert list(read.tensors) == list(checkpoint.tensors)
    kinds = set()
    for name, (kind, shape, stored) in read.tensors.items():
        original = checkpoint.tensors[name].astype(np.float32)
        found = values(kind, shape, stored).astype(np.float32)
        kinds.add(kind)
        if kind == 8:
            step = np.abs(original).reshape(-1, BLOCK).max(axis=1) / 127
            error = np.abs(found - original).reshape(-1, BLOCK).max(axis=1)
            assert (error <= 0.6 * step + 1e-5).all(), name
        else:
            assert (found.reshape(original.shape) == original).all(), name
    assert kinds == ({0, 1} if form == "f16" else {0, 1, 8})
    # What is added to in float32 is stored so, the convolutions' biases as columns.
    assert read.tensors["encoder.conv1.bias"][:2] == (0, (512, 1))
    assert read.tensors["encoder.positional_embedding"][0] == 0


@pytest.mark.slow
def test_a_model_for_english_has_the_english_vocabulary(models: Path) -> None:
    stream = io.BytesIO()
    write_ggml(models / "tiny.en.pt", "f16", stream)
    tokens = Reader(stream.getvalue()).tokens
    assert len(tokens) == 50256
    (hello,) = get_tokenizer(multilingual=False).encode(" hello")
    assert tokens[hello] == b" hello"


def test_what_is_no_checkpoint_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "base.pt").write_bytes(b"PK\3\4 no weights")
    with pytest.raises(ModelError, match=r"base\.pt"):
        provide_ggml(tmp_path / "base.pt", "f16", tmp_path / "made")
    assert not list((tmp_path / "made").iterdir())
