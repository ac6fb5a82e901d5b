from __future__ import annotations

import pytest

from transcriber.engine.fused.forms import (
    DEFAULT_TYPE,
    LABELS,
    STORAGES,
    Forms,
    choose_forms,
    in_words,
    resolve,
)
from transcriber.settings import COMPUTE_TYPES

CAPABILITIES = ("default", "avx2", "avx_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx")


def test_auto_stands_for_one_of_the_others() -> None:
    assert resolve("auto") == DEFAULT_TYPE
    assert all(resolve(name) == name for name in COMPUTE_TYPES if name != "auto")


def test_every_choice_has_a_label_and_forms_that_exist() -> None:
    labels = set()
    for capability in CAPABILITIES:
        for compute_type in COMPUTE_TYPES:
            forms = choose_forms(resolve(compute_type), capability)
            labels.add(forms.label)
            assert forms.encoder in STORAGES
            # The decoder has 16-bit integers at one place only, the encoder 8-bit ones nowhere.
            assert forms.decoder != "int16"
            assert forms.encoder not in ("int8", "float16")
    assert labels == set(LABELS)


def test_bfloat16_is_for_processors_that_multiply_it() -> None:
    assert choose_forms("int8", "amx").encoder == "bfloat16"
    assert choose_forms("int8", "avx512_bf16").encoder == "int16"


def test_what_would_lose_the_most_in_8_bits_has_16() -> None:
    assert choose_forms("int8", "avx512_bf16").sensitive == "float16"
    # The tiles multiply no float16.
    assert choose_forms("int8", "amx").sensitive == "int16"
    assert choose_forms("bfloat16", "amx").sensitive == "bfloat16"
    assert choose_forms("float32", "amx").sensitive == "exact"


@pytest.mark.parametrize("decoder", ["exact", "float16", "float32"])
def test_the_label_does_not_hang_on_the_weights(decoder: str) -> None:
    assert Forms(encoder="float32", decoder=decoder).label == "float32"


def test_in_words() -> None:
    assert in_words("auto", "avx2") == "decoder in int8, encoder in int16; the fastest"
    assert in_words("int8", "amx") == "decoder in int8, encoder in bfloat16; asked for"
    assert in_words("float32", "amx") == "single precision throughout; asked for"
