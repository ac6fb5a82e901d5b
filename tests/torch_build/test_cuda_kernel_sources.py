"""The files with the CUDA kernels of operators are found through three layers of calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from torch_build.cuda.kernel_sources import find_sources

SHARED = """\
DEFINE_DISPATCH(mul_stub);
DEFINE_DISPATCH(tan_stub);
DEFINE_DISPATCH(eq_stub);
DEFINE_DISPATCH(fill_stub);

static void fill_in(Tensor& self) {
  fill_stub(self.device().type(), self);
}

Tensor& fill_(Tensor& self) {
  fill_in(self);
  return self.mul_(tangent(self));
}

TORCH_IMPL_FUNC(mul_out) (
  const Tensor& self
) {
  mul_stub(device_type(), *this); // not tan_stub
}

TORCH_IMPL_FUNC(tan_out) (const Tensor& self) {
  tan_stub(device_type(), *this);
}

CREATE_COMPARISON_FUNCTIONS(eq);
"""

FILES = {
    "native/BinaryOps.cpp": SHARED,
    "native/cuda/Mul.cu": "REGISTER_DISPATCH(mul_stub, &mul_kernel)\n",
    "native/cuda/Tan.cu": "REGISTER_DISPATCH(tan_stub, &tan_kernel)\n",
    "native/cuda/Eq.cu": "REGISTER_CUDA_DISPATCH(eq_stub, &eq_kernel)\n",
    "native/cuda/Fill.cu": "REGISTER_DISPATCH(fill_stub, &fill_kernel)\n",
    "native/cuda/Sort.cpp": "Tensor sort_cuda(const Tensor& self) {\n  launch_sort<float>(x);\n}\n",
    "native/cuda/Sort.cu": "void launch_sort(const Tensor& self) {\n}\n",
    "native/cuda/Other.cu": "void launch_other(const Tensor& self) {\n}\n",
}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "aten/src/ATen" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def found(source: Path, *kernels: str, **options: tuple[str, ...]) -> list[str]:
    files = find_sources(source, {"operator": kernels}, **options)
    return [Path(path).name for path in files]


def test_a_kernel_function_leads_to_the_stub_that_it_calls(source: Path) -> None:
    assert found(source, "mul_out") == ["Mul.cu"]


def test_a_function_of_the_same_file_is_followed_and_a_method_is_not(source: Path) -> None:
    assert found(source, "fill_") == ["Fill.cu"]


def test_a_macro_that_writes_functions_counts_by_its_argument(source: Path) -> None:
    assert found(source, "eq_Tensor_out") == ["Eq.cu"]


def test_a_function_of_another_file_is_followed(source: Path) -> None:
    assert found(source, "sort_cuda") == ["Sort.cpp", "Sort.cu"]


def test_a_file_is_left_out_by_name(source: Path) -> None:
    without = ("aten/src/ATen/native/cuda/Sort.cu",)
    assert found(source, "sort_cuda", without=without) == ["Sort.cpp"]


def test_a_stale_name_stops_the_build(source: Path) -> None:
    with pytest.raises(RecipeError, match=r"no aten/src/ATen/native/cuda/Gone\.cu"):
        found(source, "mul_out", without=("aten/src/ATen/native/cuda/Gone.cu",))
