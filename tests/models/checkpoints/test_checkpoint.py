from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from transcriber.errors import ModelError
from transcriber.models.checkpoints.checkpoint import (
    Checkpoint,
    Tensor,
    is_finite,
    parse_alignment_heads,
    verified,
)
from transcriber.models.checkpoints.layout import tensor_shapes

from .samples import DIMENSIONS


@pytest.fixture
def whole() -> Checkpoint:
    return Checkpoint(
        dimensions=DIMENSIONS,
        tensors={n: np.ones(s, np.float16) for n, s in sorted(tensor_shapes(DIMENSIONS).items())},
        alignment_heads=((0, 1), (1, 1)),
        origin="openai",
        source="sample.pt",
    )


def test_a_whole_model_passes_and_gets_the_order_of_openai(whole: Checkpoint) -> None:
    checked = verified(whole)
    assert list(checked.tensors) == list(tensor_shapes(DIMENSIONS))
    assert all(checked.tensors[name] is tensor for name, tensor in whole.tensors.items())
    assert checked.dimensions == DIMENSIONS


def test_other_entries_of_the_dimensions_are_dropped(whole: Checkpoint) -> None:
    extended = replace(whole, dimensions={**DIMENSIONS, "note": 1})
    assert verified(extended).dimensions == DIMENSIONS


@pytest.mark.parametrize("name", ["encoder.conv1.bias", "decoder.blocks.1.cross_attn.key.weight"])
def test_a_missing_tensor_is_named(whole: Checkpoint, name: str) -> None:
    tensors = {key: tensor for key, tensor in whole.tensors.items() if key != name}
    with pytest.raises(ModelError, match=rf"sample.pt is incomplete: it lacks {name}$"):
        verified(replace(whole, tensors=tensors))


@pytest.mark.parametrize(
    "name", ["decoder.blocks.2.mlp.0.weight", "encoder.blocks.0.attn.key.bias"]
)
def test_a_surplus_tensor_is_named(whole: Checkpoint, name: str) -> None:
    tensors = {**whole.tensors, name: np.ones(4, np.float16)}
    with pytest.raises(ModelError, match=name):
        verified(replace(whole, tensors=tensors))


def test_a_wrong_shape_is_named(whole: Checkpoint) -> None:
    tensors = {**whole.tensors, "encoder.conv2.weight": np.ones((4, 3, 4), np.float16)}
    with pytest.raises(ModelError, match=r"encoder.conv2.weight has the shape \(4, 3, 4\)"):
        verified(replace(whole, tensors=tensors))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_what_is_not_finite_is_named(whole: Checkpoint, value: float, dtype: type) -> None:
    damaged: Tensor = np.ones((51865, 4), dtype)
    damaged[51864, 3] = value
    tensors = {**whole.tensors, "decoder.token_embedding.weight": damaged}
    with pytest.raises(ModelError, match=r"decoder\.token_embedding\.weight holds"):
        verified(replace(whole, tensors=tensors))


@pytest.mark.parametrize(
    ("bits", "finite"),
    [(0x7F80, False), (0xFF80, False), (0x7FC0, False), (0x7F7F, True), (0x0001, True)],
)
def test_bfloat16_is_judged_by_its_bits(bits: int, finite: bool) -> None:
    assert is_finite(np.array([0, bits], np.uint16)) is finite


def test_the_largest_numbers_are_finite_also_across_blocks_and_by_columns() -> None:
    tensor = np.full((1500, 1500), np.finfo(np.float16).max, np.float16).T
    assert is_finite(tensor)
    tensor[0, -1] = np.inf
    assert not is_finite(tensor)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_mels": None}, "n_mels"),
        ({"n_mels": True}, "n_mels"),
        ({"n_audio_layer": 0}, "n_audio_layer"),
        ({"n_text_head": -2}, "n_text_head"),
        ({"n_text_head": 2.0}, "n_text_head"),
        ({"n_text_state": 10**5000}, "n_text_state"),
        ({"n_text_state": []}, "n_text_state"),
        ({"n_audio_layer": 10**9}, "too few"),
        ({"n_text_head": 3}, "cannot share"),
        ({"n_text_state": 8}, "differ in width"),
        ({"n_mels": 40}, "80 or 128"),
        ({"n_audio_ctx": 3000}, "1500"),
        ({"n_text_ctx": 4}, "448"),
        ({"n_vocab": 51870}, "51864 or 51865 or 51866"),
        ({"n_vocab": 51864}, "51865, 4"),
    ],
)
def test_dimensions_that_cannot_be_right_are_named(
    whole: Checkpoint, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        verified(replace(whole, dimensions={**DIMENSIONS, **change}))


@pytest.mark.parametrize("pair", [(2, 0), (0, 2)])
def test_alignment_heads_exist_in_the_decoder(whole: Checkpoint, pair: tuple[int, int]) -> None:
    with pytest.raises(ModelError, match="2 layers of 2 heads"):
        verified(replace(whole, alignment_heads=(pair,)))


def test_alignment_heads_are_read_from_json() -> None:
    assert parse_alignment_heads([[3, 1], [1, 0], [3, 1]], "m") == ((1, 0), (3, 1))
    assert parse_alignment_heads(None, "m") is None
    assert parse_alignment_heads([], "m") is None


@pytest.mark.parametrize(
    "value", [5, "ab", [1], [[1]], [[1, -1]], [[1, 2.0]], [[True, 1]], {"a": 1}]
)
def test_other_values_are_no_alignment_heads(value: object) -> None:
    with pytest.raises(ModelError, match="alignment heads"):
        parse_alignment_heads(value, "m")
