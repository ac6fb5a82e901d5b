"""Which files define the kernels of the selected operators."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildkit.errors import RecipeError
from torch_build.kernel_files import (
    defined_functions,
    defined_stubs,
    find_kernel_files,
    registered_stubs,
)

ONE = """\
namespace at::native {
DEFINE_DISPATCH(copy_stub);
static Tensor helper(const Tensor& self);
Tensor& copy_(Tensor& self, const Tensor& src,
              bool non_blocking) {
  return elsewhere(self);
}
Tensor declared(const Tensor& self, std::function<int(int)> f);
std::tuple<Tensor, Tensor>
two_lines(const Tensor& self) {
  return_value(1);
}
TORCH_META_FUNC(add)(const Tensor& self) {
}
TORCH_META_FUNC2(add, Scalar)(const Tensor& self) {
}
TORCH_PRECOMPUTE_META_FUNC2(index, Tensor)(const Tensor& self) {
}
TORCH_IMPL_FUNC(add_out)(const Tensor& self) {
}
}
"""


def test_functions_are_told_from_declarations_and_calls() -> None:
    functions = {"copy_", "two_lines"}
    macros = {"add_out", "meta add", "meta index"}
    assert defined_functions(ONE) == functions | macros


def test_stubs_are_told_by_definition_and_registration() -> None:
    assert defined_stubs(ONE) == {"copy_stub"}
    registered = """
REGISTER_DISPATCH(copy_stub, &copy_kernel);
ALSO_REGISTER_AVX512_DISPATCH(add_stub, &add_kernel)
  REGISTER_NO_CPU_DISPATCH(fft_stub);
REGISTER_DISPATCH(cpublas::gemm_stub, &gemm)
"""
    assert registered_stubs(registered) == {"copy_stub", "add_stub", "fft_stub", "gemm_stub"}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {
        "Copy.cpp": ONE,
        "Other.cpp": "Tensor other(const Tensor& self) {\n}\nDEFINE_DISPATCH(other_stub);\n",
        "cuda/Copy.cpp": ONE,
        "cpu/CopyKernel.cpp": "REGISTER_DISPATCH(copy_stub, &copy_kernel)\n",
        "cpu/OtherKernel.cpp": "REGISTER_DISPATCH(other_stub, &other_kernel)\n",
    }
    for name, text in files.items():
        path = tmp_path / "aten/src/ATen/native" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_files_follow_from_operators(source: Path) -> None:
    found = find_kernel_files(source, {"copy_": ["copy_", "generated_out"]})
    native = "aten/src/ATen/native"
    assert found.native == (f"{native}/Copy.cpp",)
    assert found.capability == (f"{native}/cpu/CopyKernel.cpp",)
    assert found.undefined == ("generated_out",)


def test_a_file_may_be_left_out(source: Path) -> None:
    path = "aten/src/ATen/native/Copy.cpp"
    found = find_kernel_files(source, {"copy_": ["copy_"]}, without=[path])
    assert (found.native, found.undefined) == ((), ("copy_",))


def test_the_stubs_of_an_extra_file_count(source: Path) -> None:
    extra = "aten/src/ATen/native/Other.cpp"
    found = find_kernel_files(source, {}, extra=[extra])
    assert found.native == (extra,)
    assert found.capability == ("aten/src/ATen/native/cpu/OtherKernel.cpp",)


def test_an_extra_file_that_is_gone_is_an_error(source: Path) -> None:
    with pytest.raises(RecipeError, match=r"has no gone\.cpp"):
        find_kernel_files(source, {}, extra=["gone.cpp"])
