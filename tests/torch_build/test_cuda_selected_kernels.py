"""The add-on holds the kernels of the selected operators and types, for all architectures.

What `make cuda` reports of its objects is looked at, so this runs where it was built.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Sequence

import pytest
from conftest import REPOSITORY

from torch_build.cuda.compile import ARCHITECTURES
from torch_build.cuda.contents import Kernel

REPORT = REPOSITORY / "build/torch-cuda/addon/report.json"

NEVER = re.compile(r"Float8|\bquint|\bqint|bits\d+x\d+|std::complex|c10::complex<(?:double|float)>")
"""Types of no selected operator."""

KNOWN, KNOWN_KERNELS = re.compile(r"c10::complex<c10::Half>|_assert_async_cuda_kernel"), 39
"""Beside its dispatches over types, ATen has kernels for complex numbers of half precision, which
compute in single, and an assertion for every type: of 1,616 kernels, not worth their own edits."""

DOUBLE = re.compile(r"direct_copy_kernel_cuda|exponential|_assert_async|distribution_elementwise")
"""Where double precision may be: copies, and the arithmetic of random numbers."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kernels() -> list[Kernel]:
    if not REPORT.exists():
        pytest.skip("the CUDA add-on was not built here: `make cuda` builds it")
    return [Kernel(**one) for one in json.loads(REPORT.read_text())["kernels"]]


@pytest.fixture(scope="module")
def names(kernels: Sequence[Kernel]) -> list[str]:
    mangled = sorted({kernel.name for kernel in kernels if kernel.architecture == "80"})
    done = subprocess.run(
        ["c++filt"], input="\n".join(mangled), capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_every_architecture_has_the_same_kernels(kernels: Sequence[Kernel]) -> None:
    counts = Counter(kernel.architecture for kernel in kernels)
    assert tuple(sorted(counts)) == ARCHITECTURES
    # Tensor cores differ: each family has products and attention of its own.
    assert max(counts.values()) - min(counts.values()) <= 20


def test_no_kernel_is_of_a_type_that_is_not_selected(names: Sequence[str]) -> None:
    known = [name for name in names if KNOWN.search(name)]
    assert [name for name in names if NEVER.search(name) and name not in known] == []
    assert len(known) <= KNOWN_KERNELS


def test_double_precision_is_for_copies_only(names: Sequence[str]) -> None:
    strays = [name for name in names if re.search(r"\bdouble\b", name) and not DOUBLE.search(name)]
    assert strays == []


def test_products_and_attention_are_there_for_each_type(names: Sequence[str]) -> None:
    for number in ("half_t", "bfloat16_t"):
        assert any("attend" in name and number in name for name in names)
        assert any("cutlass::Kernel2" in name and number in name for name in names)
    for number in ("float", "c10::Half", "c10::BFloat16"):
        assert any(f"multiply_rows<{number}, " in name for name in names)
        assert any(f"multiply_tiles<{number}>" in name for name in names)
