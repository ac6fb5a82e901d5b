from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from torch_build.verify.children import CRASH
from torch_build.verify.comparison import differences
from torch_build.verify.inputs import Inputs
from torch_build.verify.values import Case, Outcome, TensorResult

INPUTS = Inputs("a test", "float32")


def case(check: str = "values", terms: int = 1, **changes: Any) -> Case:
    argument = INPUTS.integers([3, 1, 1], (3,), "float32")
    return Case(
        operator="add_",
        overload="Tensor",
        label="float32 (3,)",
        args=(argument,),
        check=check,
        terms=terms,
        **changes,
    )


def tensor(values: Any, dtype: str = "float32", **changes: Any) -> TensorResult:
    array = np.array(values, dtype)
    strides = tuple(step // array.itemsize for step in array.strides)
    return TensorResult(dtype=dtype, shape=array.shape, strides=strides, values=array, **changes)


def outcome(*results: Any, **buffers: Any) -> Outcome:
    made = {name.removeprefix("at_"): np.array(values) for name, values in buffers.items()}
    return Outcome(results=list(results), buffers=made)


ONE = outcome(tensor([1.0, np.nan, np.inf]))


@pytest.mark.parametrize(
    ("found", "complaint"),
    [
        (outcome(tensor([1.0, np.nan, np.inf])), ""),
        (outcome(tensor([1.00001, np.nan, np.inf])), ""),
        (outcome(tensor([1.0001, np.nan, np.inf])), "1 of 3 differ"),
        (outcome(tensor([1.0, 0.0, np.inf])), "1 of 3 differ"),
        (outcome(tensor([1.0, np.nan, -np.inf])), "1 of 3 differ"),
        (outcome(tensor([1.0, np.nan, np.inf], "float64")), "dtype float64"),
        (outcome(tensor([[1.0, np.nan, np.inf]])), "shape (1, 3)"),
        (outcome(1.0), "float instead of a tensor"),
        (outcome(), "number of parts"),
        (outcome(tensor([1.0, np.nan, np.inf], shares=("0", 0))), "lies in ('0', 0)"),
        (Outcome(results=[], buffers={}, error="RuntimeError", message="no"), "raised Runtime"),
        (Outcome(results=[], buffers={}, error=CRASH, message="SIGSEGV"), "crashed: SIGSEGV"),
    ],
)
def test_results_are_compared(found: Outcome, complaint: str) -> None:
    lines = differences(case(), ONE, found)
    assert (complaint in lines[0]) if complaint else not lines


def test_integers_are_compared_exactly() -> None:
    expected, found = outcome(tensor([10**6], "int64")), outcome(tensor([10**6 + 1], "int64"))
    assert differences(case(), expected, found)


def test_a_long_sum_may_be_less_exact() -> None:
    expected, found = outcome(tensor([1.0])), outcome(tensor([1.0001]))
    assert differences(case(), expected, found)
    assert not differences(case(terms=100), expected, found)


def test_what_stock_refuses_must_be_refused_without_a_crash() -> None:
    refused = Outcome(results=[], buffers={}, error="IndexError", message="no")
    assert differences(case(), refused, ONE) == ["did not refuse what raises IndexError in stock"]
    assert not differences(case(), refused, dataclasses.replace(refused, error="RuntimeError"))
    assert differences(case(), refused, dataclasses.replace(refused, error=CRASH))


def test_views_have_the_strides_of_stock() -> None:
    one = dataclasses.replace(tensor([[1.0, 1.0]]), shares=("0", 0))
    other = dataclasses.replace(one, strides=(1, 2))
    assert "strides" in differences(case(), outcome(one), outcome(other))[0]


def test_changed_arguments_are_compared() -> None:
    expected = outcome(at_0=[1.0, 2.0, 3.0])
    found = outcome(at_0=[1.0, 2.0, 4.0])
    assert differences(case(), expected, found) == ["argument 0 was changed"]
    assert "1 of 3 differ" in differences(case(written=("0",)), expected, found)[0]


@pytest.mark.parametrize(
    ("indices", "right"), [([0, 1], True), ([0, 2], True), ([1, 0], False), ([1, 1], False)]
)
def test_ties_may_be_resolved_otherwise(indices: list[int], right: bool) -> None:
    values = tensor([3.0, 1.0])
    expected = outcome(values, tensor([0, 1], "int64"))
    lines = differences(case("selection"), expected, outcome(values, tensor(indices, "int64")))
    assert (not lines) is right


def test_random_numbers_are_compared_by_their_distribution() -> None:
    random = np.random.default_rng(1)
    one, same, shifted = (random.normal(mean, 1, 2000) for mean in (0, 0, 0.3))
    drawn = case("distribution")
    assert not differences(drawn, outcome(tensor(one)), outcome(tensor(same)))
    assert differences(drawn, outcome(tensor(one)), outcome(tensor(shifted)))


def test_undefined_content_is_not_compared_but_its_shape_is() -> None:
    undefined = case("shape")
    assert not differences(undefined, outcome(tensor([1.0])), outcome(tensor([2.0])))
    assert differences(undefined, outcome(tensor([1.0])), outcome(tensor([1.0, 2.0])))
