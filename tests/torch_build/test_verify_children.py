from __future__ import annotations

import sys
from pathlib import Path

import pytest

from buildkit.errors import ToolError
from torch_build.operators import Operator
from torch_build.verify.campaign import compare_builds
from torch_build.verify.children import CRASH, Worker
from torch_build.verify.inputs import LAYOUTS, Inputs
from torch_build.verify.interpreters import WAITING, stock_python, torch_version
from torch_build.verify.values import Case
from transcriber.machine import threads

pytestmark = pytest.mark.slow
"""Each worker loads PyTorch."""

PYTHON = Path(sys.executable)


@pytest.fixture(scope="module")
def stock() -> Path:
    try:
        return stock_python()
    except ToolError:
        if "+whisper" in torch_version(PYTHON):
            raise
        return PYTHON


def named(name: str, *dtypes: str) -> Operator:
    return Operator(name=name, dtypes=dtypes or ("Float",))


def test_a_build_equals_itself(stock: Path) -> None:
    operators = [
        named("aten::add_.Tensor", "Float", "Long"),
        named("aten::topk", "Half"),
        named("aten::view"),
        named("aten::max.dim_max"),
    ]
    for verdict in compare_builds(operators, stock, stock):
        assert verdict.problems == []
        assert verdict.compared > 20
        assert verdict.refused > 0


def test_an_operator_without_cases_is_a_problem(stock: Path) -> None:
    operators = [named("aten::no_such"), named("aten::_cudnn_init_dropout_state")]
    for verdict in compare_builds(operators, stock, stock):
        assert "is not covered" in verdict.problems[0]


def test_a_crash_is_the_outcome_of_its_case_alone(stock: Path) -> None:
    # It believes the stride that it is told, and reads what is not there.
    inputs = Inputs("a crash", "float32")
    far = Case(
        operator="_reshape_alias",
        overload="",
        label="float32",
        args=(inputs.tensor((2,)), [2], [2**45]),
    )
    good = Case(operator="abs", overload="", label="float32", args=(inputs.tensor((2,)),))
    with Worker(stock) as worker:
        outcomes = list(worker.run([good, far, good]))
    assert [outcome.error for outcome in outcomes] == ["", CRASH, ""]
    assert "SIGSEGV" in outcomes[1].message


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_worker_sees_the_tensor_that_was_sent(stock: Path, layout: str) -> None:
    sent = Inputs("a tensor", "float16").tensor((3, 4), layout)
    case = Case(operator="alias", overload="", label="float16", args=(sent,))
    with Worker(stock) as worker:
        result = next(worker.run([case])).results[0]
    assert (result.shape, result.strides) == (sent.shape, sent.strides)
    assert result.shares == ("0", sent.offset)
    assert result.values[1, 2] == sent.buffer[sent.offset + sent.strides[0] + 2 * sent.strides[1]]


def test_threads_wait_as_in_the_program() -> None:
    assert WAITING == threads.WAITING
