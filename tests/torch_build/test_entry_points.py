"""Which operators' entry points are compiled."""

from __future__ import annotations

from pathlib import Path

import pytest

from torch_build.entry_points import called_operators, entry_point_files, write_entry_points

EVERYTHING = """\
#include <ATen/Tensor.h>
#include <ATen/ops/add.h>
#include <ATen/ops/__and__.h>
#include <ATen/ops/mul.h>
namespace at { namespace _ops {

// aten::add.Tensor(Tensor self) -> Tensor
static C10_NOINLINE handle create_add_Tensor_typed_handle() {
  return 1;
}

// aten::add.Tensor(Tensor self) -> Tensor
at::Tensor add_Tensor::call(const at::Tensor & self) {
    static auto op = create_add_Tensor_typed_handle();
}

// aten::add_.Tensor(Tensor self) -> Tensor
static C10_NOINLINE handle create_add__Tensor_typed_handle() {
  return 2;
}

// aten::mul(Tensor self) -> Tensor
static C10_NOINLINE handle create_mul_typed_handle() {
  return 3;
}

// aten::__and__.Scalar(Tensor self) -> Tensor
static C10_NOINLINE handle create___and___Scalar_typed_handle() {
  return 4;
}

}} // namespace at::_ops
"""


def test_calls_are_read_from_mangled_names() -> None:
    symbols = """\
_ZN2at4_ops10add_Tensor4callERKNS_6TensorE
_ZN2at4_ops3mul10redispatchEN3c1014DispatchKeySetE
_ZN2at6nativeL3divE
"""
    assert called_operators(symbols) == {"add_Tensor", "mul"}


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    everything = tmp_path / "aten/src/ATen/OperatorsEverything.cpp"
    everything.parent.mkdir(parents=True)
    everything.write_text(EVERYTHING)
    headers = {
        "add": ("add_Tensor", "add__Tensor"),
        "mul": ("mul",),
        "__and__": ("__and___Scalar",),
    }
    for header, names in headers.items():
        path = tmp_path / f"aten/src/ATen/ops/{header}_ops.h"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"struct TORCH_API {name} {{\n}};\n" for name in names))
    return tmp_path


def test_only_the_called_ones_are_written(generated: Path) -> None:
    write_entry_points(generated, {"add_Tensor", "add__Tensor", "__and___Scalar", "not_there"})
    text = "".join(path.read_text() for path in entry_point_files(generated))
    assert text.count("create_add_Tensor_typed_handle() {") == 1
    assert "add_Tensor::call" in text
    assert "return 2;" in text
    assert "return 4;" in text
    assert "mul" not in text
    for header in ("add", "__and__"):
        assert f"#include <ATen/ops/{header}_ops.h>" in text
    for path in entry_point_files(generated):
        part = path.read_text()
        assert part.count("namespace at { namespace _ops {") == 1
        assert part.count("}} // namespace at::_ops") == 1


def test_the_same_calls_leave_the_files_alone(generated: Path) -> None:
    write_entry_points(generated, {"mul"})
    before = [path.stat().st_mtime_ns for path in entry_point_files(generated)]
    write_entry_points(generated, {"mul"})
    assert [path.stat().st_mtime_ns for path in entry_point_files(generated)] == before
