"""The weights in the form that whisper.cpp reads.

Whether whisper.cpp understands them is seen in `test_peers`, where it transcribes with them.
"""

from __future__ import annotations

import ctypes
import io
from pathlib import Path

import numpy as np
import pytest
from whisper.tokenizer import get_tokenizer

from benchmarks.peers.ggml_weights import BLOCK, FORMS, Form, provide_ggml, quantise, write_ggml
from benchmarks.peers.vocabulary import vocabulary
from scripts.layout import PEERS
from transcriber.errors import ModelError
from transcriber.models.checkpoints.reading import read_checkpoint

PUBLISHED_BYTES = {"f16": 147_951_465, "q8_0": 81_768_585}
"""Of the files of base that whisper.cpp's authors give away."""


def test_the_largest_of_a_block_is_127_and_the_rest_follows() -> None:
    weights = np.zeros((1, BLOCK), np.float32)
    weights[0, :5] = [-254, 3, -3, 2.9, 1]
    # Halves are rounded away from zero.
    numbers = np.array([-127, 2, -2, 1, 1, *[0] * (BLOCK - 5)], "i1")
    assert quantise(weights) == np.float16(2).tobytes() + numbers.tobytes()


def test_a_block_is_the_one_of_ggml_itself() -> None:
    libraries = sorted(PEERS.glob("lib/python*/site-packages/libggml-base.so"))
    if not libraries:
        pytest.skip("whisper.cpp is not installed: `make bench` does it")
    weights = np.random.default_rng(0).normal(scale=0.05, size=(64, 4 * BLOCK)).astype(np.float16)
    weights[3] = 0
    weights[4] *= np.float16(1e-6)  # where float16 has no full precision
    exact = weights.astype(np.float32)
    expected = ctypes.create_string_buffer(exact.size // BLOCK * (2 + BLOCK))
    quantise_row = ctypes.CDLL(str(libraries[0])).quantize_row_q8_0_ref
    quantise_row(exact.ctypes.data_as(ctypes.c_void_p), expected, ctypes.c_int64(exact.size))
    assert quantise(weights) == expected.raw


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_as_long_as_the_published_one_and_has_the_weights(
    models: Path, form: Form
) -> None:
    stream = io.BytesIO()
    write_ggml(models / "base.pt", form, stream)
    content = stream.getvalue()
    assert len(content) == PUBLISHED_BYTES[form]
    assert content[:4] == b"lmgg"
    tensors = read_checkpoint(models / "base.pt").tensors
    for name, of_16_bits in (("encoder.conv1.weight", True), ("decoder.ln.bias", False)):
        exact = tensors[name].astype("<f2" if of_16_bits else "<f4").tobytes()
        assert name.encode() + exact in content
    matrix = tensors["decoder.blocks.5.mlp.2.weight"]
    stored = quantise(matrix) if form == "q8_0" else matrix.astype("<f2").tobytes()
    assert b"decoder.blocks.5.mlp.2.weight" + stored in content


@pytest.mark.parametrize(
    ("size", "count", "multilingual"), [(51864, 50256, False), (51865, 50257, True)]
)
def test_a_vocabulary_is_that_of_openai_whisper(size: int, count: int, multilingual: bool) -> None:
    texts, special = vocabulary(size)
    assert (len(texts), len(texts) + len(special)) == (count, size)
    (hello,) = get_tokenizer(multilingual=multilingual).encode(" hello")
    assert texts[hello] == b" hello"
    assert (special[0], special[-1]) == ("<|endoftext|>", "<|30.00|>")
    with pytest.raises(ModelError, match="a vocabulary of 70000 tokens is not one"):
        vocabulary(70000)


def test_what_is_no_checkpoint_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "base.pt").write_bytes(b"PK\3\4 no weights")
    with pytest.raises(ModelError, match=r"base\.pt"):
        provide_ggml(tmp_path / "base.pt", "f16", tmp_path / "made")
    assert not list((tmp_path / "made").iterdir())
