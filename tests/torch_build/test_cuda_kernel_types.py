"""Which types a CUDA kernel is compiled for."""

from __future__ import annotations

from pathlib import Path

from torch_build.cuda.kernel_types import operator_names, type_chooser
from torch_build.operators import Operator

OPERATORS = (
    Operator(name="aten::index.Tensor", dtypes=("Float", "Long")),
    Operator(name="aten::_softmax", dtypes=("Float",)),
    Operator(name="aten::bitwise_not", dtypes=("Bool",)),
    Operator(name="aten::abs", dtypes=("ComplexFloat", "Double", "Long")),
)
NAMES = {"index", "index_fill", "softmax", "masked_softmax", "bitwise_not", "abs"}
CHOOSE = type_chooser(OPERATORS, NAMES, {"compare_cuda": ("Int",)})


def test_single_precision_brings_the_halves() -> None:
    assert CHOOSE("index_cuda") == ("BFloat16", "Float", "Half", "Long")
    assert CHOOSE("host_softmax") == ("BFloat16", "Float", "Half")
    assert CHOOSE("bitwise_not_cuda") == ("Bool",)


def test_double_and_complex_numbers_are_never_for_a_gpu() -> None:
    assert CHOOSE("abs_cuda") == ("Long",)


def test_the_longest_operator_in_the_tag_counts() -> None:
    assert CHOOSE("index_fill_cuda") == ()
    assert CHOOSE("masked_softmax") == ()


def test_a_kernel_of_two_operators_is_one_of_either() -> None:
    both = type_chooser((Operator(name="aten::triu", dtypes=("Long",)),), {"triu", "tril"}, {})
    assert both("triu_tril_cuda") == ("Long",)


def test_a_tag_without_an_operator_gets_nothing() -> None:
    assert CHOOSE("airy_ai_cuda") == ()
    assert CHOOSE("") == ()


def test_exceptions_come_first() -> None:
    assert CHOOSE("compare_cuda") == ("Int",)


def test_the_names_of_all_operators_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "aten/src/ATen/native"
    folder.mkdir(parents=True)
    (folder / "native_functions.yaml").write_text(
        "- func: _softmax.out(Tensor self, *, Tensor(a!) out) -> Tensor(a!)\n"
        "  dispatch: CPU\n"
        "- func: masked_fill_.Scalar(Tensor(a!) self, Tensor mask) -> Tensor(a!)\n"
        "- func: abs(Tensor self) -> Tensor\n"
    )
    assert operator_names(tmp_path) == {"softmax", "masked_fill", "abs"}
