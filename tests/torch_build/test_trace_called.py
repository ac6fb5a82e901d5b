from __future__ import annotations

import io
import sys
import threading

import pytest
import torch
from torch.nn import functional

from torch_build.trace.called import Called


def in_recording(called: Called) -> set[str]:
    return called.bindings.get("Tensor", set())


def test_functions_methods_and_attributes_are_told_apart() -> None:
    called = Called()
    tensor = torch.ones(2, 2)
    with called.recording():
        torch.cat([tensor, tensor])
        tensor.softmax(-1)
        functional.gelu(tensor)
        tensor.shape  # noqa: B018
    assert "cat" in called.bindings["torch"]
    assert "gelu" in called.bindings["nn"]
    assert in_recording(called) == {"softmax", "shape"}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("tensor + 1", "__add__"),
        ("1 + tensor", "__radd__"),
        ("tensor @ tensor", "__matmul__"),
        ("tensor > 1", "__gt__"),
        ("tensor[0]", "__getitem__"),
        ("tensor.__setitem__(0, 1)", "__setitem__"),
        ("bool(tensor[0, 0])", "__bool__"),
        ("float(tensor[0, 0])", "__float__"),
        ("~(tensor > 1)", "__invert__"),
        ("torch.nn.Parameter(tensor).requires_grad", "requires_grad"),
        ("torch.nn.Parameter(tensor).exp()", "exp"),
        ("tensor.T", "T"),
        ("setattr(tensor, 'data', tensor)", "data"),
        ("list(map(torch.Tensor.tolist, [tensor]))", ""),
    ],
)
def test_operators_of_python_are_recorded(code: str, name: str) -> None:
    called = Called()
    tensor = torch.ones(2, 2)
    with called.recording():
        eval(code, {"tensor": tensor, "torch": torch})  # noqa: S307  the code above
    assert not name or name in in_recording(called)


def test_the_tensor_class_is_as_before_afterwards() -> None:
    before, profile = dict(vars(torch.Tensor)), sys.getprofile()
    with pytest.raises(ZeroDivisionError), Called().recording():
        1 / 0  # noqa: B018
    assert dict(vars(torch.Tensor)) == before
    assert sys.getprofile() is profile


def test_results_and_errors_are_those_of_torch() -> None:
    tensor = torch.arange(3)
    with Called().recording():
        assert (2 - tensor).tolist() == [2, 1, 0]
        tensor[1] = 7
        assert tensor.tolist() == [0, 7, 2]
        tensor.data = torch.zeros(1)
        assert tensor.shape == (1,)
        with pytest.raises(AttributeError):
            tensor.nothing  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(IndexError):
            tensor[5]


@pytest.mark.skipif(
    "+whisper" in torch.__version__, reason="its C functions give no profile events"
)
def test_other_functions_of_the_extension_are_kept_apart() -> None:
    called = Called()
    stream = io.BytesIO()
    torch.save(torch.ones(1), stream)
    stream.seek(0)
    with called.recording():
        torch.load(stream, weights_only=True)
        torch.Generator().manual_seed(1)
        torch.set_grad_enabled(True)
    assert {"Generator.manual_seed", "_set_grad_enabled"} <= called.extension
    assert "PyTorchFileReader.get_record" in called.extension


def test_modules_with_a_function_that_ran() -> None:
    called = Called()
    with called.recording():
        functional.layer_norm(torch.ones(2), (2,))
    assert "torch.nn.functional" in called.executed
    assert not [name for name in called.executed if not name.startswith("torch")]
    assert "torch.nn.init" not in called.executed


def test_other_threads_are_recorded() -> None:
    called = Called()
    tensor = torch.ones(2)

    def work() -> None:
        tensor.cos()

    with called.recording():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert "cos" in in_recording(called)


def test_what_is_not_torch_is_left_out() -> None:
    called = Called()
    with called.recording():
        "text".upper()
        len([1])
        io.BytesIO().getvalue()
    assert called.bindings == {}
    assert called.executed == called.extension == set()
