from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import InputError
from torch_build.operators import Operator, Selection
from torch_build.trace.names import native_operators, unknown_operators

FUNCTIONS = """\
- func: add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor
  dispatch:
    CPU: add
- func: relu(Tensor self) -> Tensor
  autogen: relu.out, relu.two_out  # generated
"""


def test_overloads_and_generated_variants_are_known() -> None:
    expected = {"aten::add.Tensor", "aten::relu", "aten::relu.out", "aten::relu.two_out"}
    assert native_operators(FUNCTIONS) == expected


def test_what_the_source_lacks_is_told(tmp_path: Path) -> None:
    path = tmp_path / "aten" / "src" / "ATen" / "native" / "native_functions.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(FUNCTIONS)
    names = ("aten::add.Scalar", "aten::add.Tensor", "aten::relu.out")
    selection = Selection(operators=tuple(Operator(name=name) for name in names))
    assert unknown_operators(selection, tmp_path) == ["aten::add.Scalar"]


def test_a_folder_without_the_source_is_an_error_of_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"native_functions\.yaml"):
        unknown_operators(Selection(), tmp_path)
