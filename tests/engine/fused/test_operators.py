from __future__ import annotations

import child
import numpy as np
import pytest
import torch

from transcriber import operators

from . import reference_operators


def test_other_pytorches_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(torch._C, "_call_operator"):
        assert not operators.available()

    def missing(*_: object, **__: object) -> None:
        raise NotImplementedError("whisper::capability is not in this build")

    monkeypatch.setattr(operators, "call", missing)
    assert not operators.available()


def test_a_pytorch_that_does_not_load_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(operators, "call", broken)
    assert not operators.available()


def test_torch_is_loaded_when_it_is_needed() -> None:
    code = """
        import sys
        import transcriber.operators, transcriber.engine.fused.forms
        import transcriber.engine.fused.packed_file, transcriber.engine.fused.kernels
        print("torch" in sys.modules)
    """
    assert child.run(code).stdout == "False\n"


@pytest.fixture(params=["reference", "native"])
def packing(request: pytest.FixtureRequest) -> None:
    if request.param == "reference":
        request.getfixturevalue("reference")
    elif not operators.available():
        pytest.skip("this PyTorch is not ours: it lacks the fused operators")


@pytest.mark.usefixtures("packing")
@pytest.mark.parametrize("form", ["float32", "float16", "bfloat16", "int16", "int8"])
def test_packing(form: str) -> None:
    torch.manual_seed(1)
    weight = torch.randn(37, 64)
    weight[5] = 0
    packed, scales = operators.pack(weight.half() if form == "float16" else weight, form)
    matrix = reference_operators.unpack(packed, scales)
    assert matrix.shape == (48, 64)
    values, exact = matrix.numpy(), weight.numpy()
    assert not values[37:].any()
    bound = {"float32": 0.0, "float16": 2**-11, "bfloat16": 2**-8, "int16": 2**-12, "int8": 2**-7}
    largest = np.abs(exact).max(1, keepdims=True)
    assert (np.abs(values[:37] - exact) <= bound[form] * largest).all()
    expected, expected_scales = reference_operators.pack(weight, form)
    assert packed.shape == expected.shape
    assert packed.dtype == expected.dtype
    assert scales.shape == expected_scales.shape
