"""Paths of object files: without the machine's folders, and sorted into components."""

from __future__ import annotations

from pathlib import Path

import pytest

from torch_build.size_components import FILE_RULES, OBJECT_RULES, component_of, shorten

ROOTS = (Path("/home/me/checkout"), Path("/home/me/checkout/build/torch/source"))


@pytest.mark.parametrize(
    ("path", "short"),
    [
        ("CMakeFiles/core.dir/c10/a.cpp.o", "core/c10/a.cpp.o"),
        (
            "CMakeFiles/core.dir/home/me/checkout/build/torch/source/pytorch/c10/a.cpp.o",
            "core/pytorch/c10/a.cpp.o",
        ),
        ("CMakeFiles/own.dir/home/me/checkout/torch-build/a.cpp.o", "own/torch-build/a.cpp.o"),
        (f"CMakeFiles/own.dir/{'0a' * 16}/a.cpp.o", "own/a.cpp.o"),
        ("CMakeFiles/own.dir/__/native/a.cpp.o", "own/native/a.cpp.o"),
        ("/home/me/checkout/build/torch/objects/a.o", "build/torch/objects/a.o"),
        ("/usr/lib/gcc/x86_64-linux-gnu/12/libstdc++.a(eh_throw.o)", "libstdc++.a(eh_throw.o)"),
        ("lib/libopenblas.a(objects/sgemm.c.o)", "lib/libopenblas.a(sgemm.c.o)"),
        ("/somewhere/else/x.o", "x.o"),
    ],
)
def test_paths_are_shortened(path: str, short: str) -> None:
    assert shorten(path, ROOTS) == short


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("libstdc++.a(eh_throw.o)", "C++ runtime"),
        ("libgcc_eh.a(unwind-dw2.o)", "C++ runtime"),
        ("crtbeginS.o", "C++ runtime"),
        ("openblas_skylakex/sgemm_kernel_skylakex.c.o", "OpenBLAS"),
        ("libopenblas.a(products.c.o)", "OpenBLAS"),
        ("sleef_avx512f/sleefsimdsp.c.o", "SLEEF"),
        ("kernels/generated/native/cpu/BinaryOpsKernel.cpp.AVX512.cpp.o", "kernels, AVX-512"),
        ("kernels/generated/native/cpu/BinaryOpsKernel.cpp.AVX2.cpp.o", "kernels, AVX2"),
        ("kernels_avx2/pytorch/aten/src/ATen/native/cpu/GeluKernel.cpp.o", "kernels, AVX2"),
        ("kernels/generated/native/cpu/SoftMax.cpp.DEFAULT.cpp.o", "kernels, baseline"),
        ("core/pytorch/aten/src/ATen/native/cpu/SoftMax.cpp.o", "kernels, baseline"),
        ("core/generated/ATen/RegisterCPU.cpp.o", "registrations"),
        ("core/generated/ATen/Operators_2.cpp.o", "operators"),
        ("core/generated/ATen/UfuncCPU_add.cpp.o", "generated kernels"),
        ("bindings/pytorch/torch/csrc/utils/python_arg_parser.cpp.o", "Python bindings"),
        ("core/generated/python_torch_functions_0.cpp.o", "Python bindings"),
        ("core/pytorch/aten/src/ATen/native/Linear.cpp.o", "native functions"),
        ("core/pytorch/aten/src/ATen/Context.cpp.o", "ATen core"),
        ("core/pytorch/c10/core/TensorImpl.cpp.o", "c10"),
        ("own/torch-build/native/module.cpp.o", "own code"),
        ("unheard.o", "other"),
    ],
)
def test_object_files_have_a_component(name: str, component: str) -> None:
    assert component_of(name, OBJECT_RULES) == component


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("torch/nn/__init__.py", "Python files"),
        ("torch/lib/libomp.so.5", "OpenMP runtime"),
        ("torch-2.6.0+whisper.cpu.dist-info/RECORD", "description and licences"),
        ("torch/data.bin", "other"),
    ],
)
def test_files_have_a_component(name: str, component: str) -> None:
    assert component_of(name, FILE_RULES) == component
