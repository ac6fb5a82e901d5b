"""The comparison of operators on a GPU, as far as it needs none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from torch_build.cuda.selection import read_selection
from torch_build.operators import Operator, read_operators
from torch_build.verify.children import Worker
from torch_build.verify.device_exceptions import BEYOND, LEFT_OUT, RESULTS_ONLY
from torch_build.verify.half_precision import rounded, widened
from torch_build.verify.interpreters import CHECKOUT, stock_python
from torch_build.verify.on_device import (
    device_cases,
    device_operators,
    device_types,
    is_missing,
    judge_on_device,
    verdict_on_device,
)
from torch_build.verify.values import Case, Constant, Outcome, TensorArgument, TensorResult

RECIPE = CHECKOUT / "torch-build/cuda"
OPERATORS = {one.name: one for one in device_operators(RECIPE)}


def half(*numbers: float) -> TensorArgument:
    return TensorArgument(
        buffer=np.array(numbers, np.float16), dtype="float16", shape=(len(numbers),), strides=(1,)
    )


def result(*numbers: float, dtype: str = "float16") -> TensorResult:
    kind = np.int16 if dtype == "bfloat16" else dtype
    values = np.array(numbers, kind)
    return TensorResult(dtype=dtype, shape=values.shape, strides=(1,), values=values)


def case(label: str = "float16 seven") -> Case:
    return Case(operator="sum", overload="", label=label, args=(half(1, 2),))


def outcome(*numbers: float, dtype: str = "float16") -> Outcome:
    return Outcome(results=[result(*numbers, dtype=dtype)], buffers={})


def refusal(message: str, error: str = "RuntimeError") -> Outcome:
    return Outcome(results=[], buffers={}, error=error, message=message)


def test_single_precision_brings_half_with_it_and_double_leaves() -> None:
    selection = read_selection(RECIPE / "selection.toml")
    types = device_types(Operator(name="aten::add.Tensor", dtypes=("Double", "Float")), selection)
    assert types == ("BFloat16", "Float", "Half")
    places = device_types(Operator(name="aten::view", dtypes=("Long",)), selection)
    assert places == ("Long",)


def test_a_type_that_only_results_have_is_not_asked_for() -> None:
    assert "Long" in {kind for name, kind in RESULTS_ONLY if name == "aten::topk"}
    assert "Long" not in OPERATORS["aten::topk"].dtypes


def test_what_the_processor_does_is_not_asked_of_a_gpu() -> None:
    assert "aten::_fft_r2c" not in OPERATORS
    assert "aten::set_.source_Tensor" in OPERATORS


def test_exceptions_are_of_selected_operators_and_types_and_have_reasons() -> None:
    traced = {one.name: one for one in read_operators(RECIPE / "operators.yaml").operators}
    assert {name for name, _ in BEYOND} <= OPERATORS.keys()
    assert all(kind in traced[name].dtypes for name, kind in RESULTS_ONLY)
    assert all([*BEYOND.values(), *LEFT_OUT.values(), *RESULTS_ONLY.values()])


def test_a_case_in_half_precision_becomes_one_in_single() -> None:
    wide = widened(
        Case(
            operator="to",
            overload="dtype",
            label="float16",
            args=(half(1.5, 2), [half(3)], None),
            kwargs={"dtype": Constant(name="float16")},
        )
    )
    assert wide.args[0].dtype == "float32"
    assert wide.args[0].buffer.tolist() == [1.5, 2]
    assert wide.args[1][0].dtype == "float32"
    assert wide.kwargs == {"dtype": Constant(name="float32")}


def test_exact_numbers_are_rounded_as_half_precision_is() -> None:
    exact = outcome(1 + 2**-11 + 2**-20, 1e6, dtype="float32")
    values = rounded(outcome(0, 0), exact).results[0].values
    assert values.tolist() == [1 + 2**-10, np.inf]


def test_exact_numbers_are_rounded_as_bfloat16_is() -> None:
    exact = outcome(1.0, 1 + 2**-8, 1 + 2**-8 + 2**-20, np.nan, dtype="float32")
    bits = rounded(outcome(0, 0, 0, 0, dtype="bfloat16"), exact).results[0].values
    # A tie goes to the even one.
    assert bits.tolist() == [0x3F80, 0x3F80, 0x3F81, 0x7FC0]


def test_a_half_is_right_when_it_is_what_single_precision_gives() -> None:
    coarse, exact = outcome(2048.0), outcome(2060.0, dtype="float32")
    assert not judge_on_device(
        "aten::sum", [case()], [coarse], [outcome(2060)], {0: exact}
    ).problems
    assert not judge_on_device(
        "aten::sum", [case()], [coarse], [outcome(2048)], {0: exact}
    ).problems
    wrong = judge_on_device("aten::sum", [case()], [coarse], [outcome(2100)], {0: exact})
    assert len(wrong.problems) == 1


@pytest.mark.parametrize(
    ("name", "message", "problems"),
    [
        ("aten::matmul", "aten::mv is not in this build of PyTorch", 1),
        ("aten::sum", "aten::mv is not in this build of PyTorch", 1),
        ("aten::sum", "CUDA error: an illegal memory access was encountered", 1),
    ],
)
def test_only_what_is_excepted_may_be_missing(name: str, message: str, problems: int) -> None:
    verdict = judge_on_device(name, [case()], [outcome(1)], [refusal(message)], {})
    # Of the products of vectors one is excused, and the other is not asked for here.
    assert len(verdict.problems) == problems
    assert verdict.absent == (name == "aten::matmul")


def test_a_difference_of_a_refused_call_is_none() -> None:
    verdict = judge_on_device("aten::sum", [case()], [refusal("no")], [outcome(1)], {})
    assert (verdict.refused, verdict.compared) == (1, 0)


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        (refusal("\"gelu\" not implemented for 'Int'"), True),
        (refusal("CUDA error: invalid device function"), True),
        (refusal("ended with status 127: symbol lookup error", "crash"), True),
        (refusal("anything", "NotImplementedError"), True),
        (refusal("CUDA error: unspecified launch failure"), False),
        (outcome(1), False),
    ],
)
def test_missing_is_told_from_other_errors(found: Outcome, missing: bool) -> None:
    assert is_missing(found) == missing


@pytest.fixture(scope="module")
def stock() -> Iterator[Worker]:
    with Worker(stock_python()) as worker:
        yield worker


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["aten::softmax.int", "aten::mm", "aten::std_mean.correction", "aten::exponential_"]
)
def test_a_build_equals_itself_in_all_types(stock: Worker, name: str) -> None:
    verdict = verdict_on_device(OPERATORS[name], stock, stock)
    assert verdict.problems == []
    assert verdict.compared > 10


@pytest.mark.slow
def test_cases_say_where_results_lie_and_no_index_is_outside(stock: Worker) -> None:
    made = device_cases(OPERATORS["aten::arange"], stock)
    assert not isinstance(made, str)
    assert all(one.kwargs["device"] == Constant(name="cpu") for one in made)
    picked = device_cases(OPERATORS["aten::index_select"], stock)
    assert not isinstance(picked, str)
    assert picked
    assert not any("outside" in one.label for one in picked)
