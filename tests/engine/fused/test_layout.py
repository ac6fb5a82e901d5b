from __future__ import annotations

from dataclasses import replace

import pytest

from transcriber.engine.fused.forms import Forms, choose_forms
from transcriber.engine.fused.layout import (
    Matrix,
    decoder_items,
    described,
    encoder_items,
    is_supported,
)
from transcriber.models.checkpoints.layout import tensor_shapes
from transcriber.models.registry import official_models

from .small_models import DIMENSIONS

FORMS = [
    Forms(encoder="float32", decoder="float16"),
    Forms(encoder="float32", decoder="float32"),
    choose_forms("bfloat16", "avx2"),
    choose_forms("int8", "avx2"),
    choose_forms("int8", "amx"),
]


@pytest.mark.parametrize("forms", FORMS, ids=lambda forms: f"{forms.decoder}-{forms.encoder}")
def test_every_tensor_of_a_checkpoint_is_used_once(forms: Forms) -> None:
    used: list[str] = []
    for item in [*encoder_items(DIMENSIONS, forms), *decoder_items(DIMENSIONS, forms)]:
        if isinstance(item, Matrix):
            used += [*item.weights, *(name for name in item.biases if name)]
        else:
            used.append(item.name)
    # Of the tokens' embedding, 8 bits make the logits, and the likely ones are refined with 16.
    twice = ["decoder.token_embedding.weight"] if forms.decoder == "int8" else []
    assert sorted(used) == sorted([*tensor_shapes(DIMENSIONS), *twice])


def test_shapes_are_those_of_the_checkpoint() -> None:
    shapes = tensor_shapes(DIMENSIONS)
    forms = choose_forms("int8", "avx2")
    for item in [*encoder_items(DIMENSIONS, forms), *decoder_items(DIMENSIONS, forms)]:
        if not isinstance(item, Matrix):
            assert shapes[item.name] == item.shape
            continue
        for name in item.weights:
            rows, *columns = shapes[name]
            product = 1
            for number in columns:
                product *= number
            assert (item.rows, item.columns) == (rows, product)
        assert all(shapes[name] == (item.rows,) for name in item.biases if name)


def test_the_lists_have_the_lengths_that_the_operators_expect() -> None:
    forms = choose_forms("int8", "avx2")
    layers = DIMENSIONS["n_audio_layer"]
    assert len(described(encoder_items(DIMENSIONS, forms))) == 7 + 16 * layers + 2
    layers = DIMENSIONS["n_text_layer"]
    assert len(described(decoder_items(DIMENSIONS, forms))) == 4 + 27 * layers + 2
    names = [tensor.name for tensor in described(decoder_items(DIMENSIONS, forms))]
    assert len(set(names)) == len(names)


def test_panels() -> None:
    matrix = Matrix(name="m", weights=("w",), rows=20, columns=64, form="int8", biases=("b",))
    packed, scales, bias = matrix.tensors()
    assert (packed.dtype, packed.shape) == ("I8", (2, 16, 16, 4))
    assert (scales.dtype, scales.shape) == ("F32", (2, 32))
    assert bias.shape == (32,)
    packed, scales, _ = replace(matrix, form="float16").tensors()
    assert (packed.dtype, packed.shape, scales.shape) == ("F16", (2, 64, 16), (0,))
    assert len(list(replace(matrix, biases=()).tensors())) == 2


def test_every_official_model_is_supported() -> None:
    for model in official_models().values():
        assert is_supported(model.dimensions.as_checkpoint()), model.name


@pytest.mark.parametrize("changes", [{"n_text_head": 4}, {"n_audio_head": 1}, {"n_text_state": 64}])
def test_other_widths_are_not(changes: dict[str, int]) -> None:
    assert is_supported(DIMENSIONS)
    assert not is_supported(DIMENSIONS | changes)
