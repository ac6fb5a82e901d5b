"""Which tensor types each kernel is compiled for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from torch_build.kernel_dtypes import choose_dtypes, find_tags, make_header
from torch_build.operators import Operator

FILL = Operator(name="aten::fill_.Scalar", dtypes=("Half", "Short"))
MASK = Operator(name="aten::masked_fill.Scalar", dtypes=("Byte",))


def test_tags_are_found_behind_the_types() -> None:
    text = """
  AT_DISPATCH_ALL_TYPES_AND2(kBool, kHalf, iter.dtype(),
      "fill_cpu", [&] { log("not a tag"); });
  AT_DISPATCH_V2(iter.dtype(), "index_put", AT_WRAP([&] {}), AT_EXPAND(AT_ALL_TYPES));
  TORCH_CHECK(false, "nor this");
"""
    assert find_tags([text]) == {"fill_cpu", "index_put"}


def test_a_tag_gets_the_types_of_the_operators_in_its_name() -> None:
    exceptions = {"always": ("Float",), "copy_": ("Long",)}
    chosen = choose_dtypes(["fill_cpu", "masked_fill", "refilled"], [FILL, MASK], exceptions)
    assert chosen == {
        "copy_": ("Float", "Long"),
        "fill_cpu": ("Float", "Half", "Short"),
        "masked_fill": ("Byte", "Float", "Half", "Short"),
        "refilled": ("Float",),
    }


def test_the_header_answers_at_compile_time(tmp_path: Path) -> None:
    compiler = shutil.which("clang++-19") or shutil.which("g++")
    if compiler is None:
        pytest.skip("there is no C++ compiler on this machine")
    header = make_header({"fill_cpu": ("Float", "Half"), "add": ("Float",)})
    types = "namespace c10 { enum class ScalarType { Float, Half, Long }; }"
    (tmp_path / "c10/core").mkdir(parents=True)
    (tmp_path / "c10/core/ScalarType.h").write_text(types)
    checks = {
        'at::should_include_kernel_dtype("fill_cpu", c10::ScalarType::Half)': True,
        'at::should_include_kernel_dtype("add", c10::ScalarType::Half)': False,
        # A tag that the macros put together.
        'at::should_include_kernel_dtype("unknown", c10::ScalarType::Half)': True,
        'at::should_include_kernel_dtype("unknown", c10::ScalarType::Long)': False,
    }
    asserts = [f"static_assert({'' if yes else '!'}{call});" for call, yes in checks.items()]
    program = tmp_path / "program.cpp"
    program.write_text("\n".join(["#pragma once", header, *asserts]))
    words = [compiler, "-std=c++17", "-fsyntax-only", "-w", f"-I{tmp_path}", str(program)]
    subprocess.run(words, check=True, timeout=60)
