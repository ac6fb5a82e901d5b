from __future__ import annotations

import threading

import pytest
import torch

from torch_build.operators import DIRECT, NESTED, Operator
from torch_build.trace.dispatched import Dispatched

stock = pytest.mark.skipif(
    "+whisper" in torch.__version__, reason="a PyTorch without its execution trace"
)

TRACE = """
    "id": 2, "name": "[pytorch|profiler|execution_trace|thread]", "ctrl_deps": 1,
    "inputs": {"values": [], "shapes": [], "types": [], "strides": []},
    "attrs": [{"name": "op_schema", "type": "string", "value": ""}]
    "id": 4, "name": "aten::_values", "ctrl_deps": 3,
    "inputs": {"values": [[67,0,0,0,0,""]], "shapes": [[3]], "types": ["Tensor(bool)"], "strides": [[0]]},
    "outputs": {"values": [[5,6,0,9,4,"cpu"]], "shapes": [[3]], "types": ["Tensor(c10::Half)"], "strides": [[1]]},
    "attrs": [{"name": "op_schema", "type": "string", "value": "aten::_values(Tensor(a) self) -> Tensor(a)"}]
    "id": 3, "name": "aten::index", "ctrl_deps": 2,
    "inputs": {"values": [[5,6,0,9,4,"cpu"],[[17,0,0,0,0,""],nan]], "types": ["Tensor(float)","GenericList[Tensor(nullptr (uninitialized)),Tensor(long int)]"], "strides": []},
    "attrs": [{"name": "op_schema", "type": "string", "value": "aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor"}]
"""  # noqa: E501


def recorded(dispatched: Dispatched) -> dict[str, Operator]:
    return {operator.name: operator for operator in dispatched.operators()}


def test_a_trace_is_read() -> None:
    dispatched = Dispatched()
    dispatched.add(TRACE.splitlines())
    assert dispatched.operators() == (
        Operator(name="aten::_values", dtypes=("Bool", "Half"), call=NESTED, sparse=True),
        Operator(name="aten::index.Tensor", dtypes=("Float", "Long"), call=DIRECT),
    )


@stock
def test_overloads_and_types_of_arguments_and_results() -> None:
    dispatched = Dispatched()
    tensor = torch.ones(2)
    with dispatched.recording():
        tensor + tensor.int()
        tensor > 1  # noqa: B015
    found = recorded(dispatched)
    assert found["aten::add.Tensor"] == Operator(name="aten::add.Tensor", dtypes=("Float", "Int"))
    assert found["aten::gt.Scalar"].dtypes == ("Bool", "Float")
    assert "aten::add.Scalar" not in found


@stock
def test_what_only_operators_call_is_nested() -> None:
    dispatched = Dispatched()
    with dispatched.recording():
        torch.ones(2, 2).softmax(-1)
    found = recorded(dispatched)
    assert found["aten::softmax.int"].call == DIRECT
    assert found["aten::_softmax"].call == NESTED


@stock
def test_recordings_add_up_and_nothing_else_is_recorded() -> None:
    dispatched = Dispatched()
    tensor = torch.ones(2)
    with dispatched.recording():
        tensor.exp()
    tensor.sin()
    with dispatched.recording():
        tensor.half().exp()
    found = recorded(dispatched)
    assert found["aten::exp"].dtypes == ("Float", "Half")
    assert "aten::sin" not in found


@stock
def test_other_threads_are_recorded() -> None:
    dispatched = Dispatched()
    tensor = torch.ones(2)
    with dispatched.recording():
        thread = threading.Thread(target=tensor.cos)
        thread.start()
        thread.join()
    assert recorded(dispatched)["aten::cos"].call == DIRECT


@stock
def test_sparse_tensors_are_told_from_others() -> None:
    dispatched = Dispatched()
    with dispatched.recording():
        torch.ones(2, 2).to_sparse().indices()
        torch.ones(0)[None]
    found = recorded(dispatched)
    assert found["aten::indices"].sparse
    assert not found["aten::nonzero"].sparse
    assert not found["aten::unsqueeze"].sparse
