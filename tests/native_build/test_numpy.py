"""The numpy in the native program: small, and with the results of the one that everybody has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy
import pytest

from native_build.module_list import MODULES, read_list
from native_build.numpy_package import COMPILED, REPLACED
from native_parts import libraries_of, newer_symbols, output_of, part, places_in

_LARGEST = 5_500_000
"""Bytes of `_multiarray_umath`; upstream's has 11 million and 25 of OpenBLAS."""


def test_the_compiled_modules_are_those_that_the_program_imports() -> None:
    listed = set(read_list(MODULES))
    root = Path(numpy.__file__).parents[1]
    compiled = {
        str(path.relative_to(root)).partition(".")[0].replace("/", ".")
        for path in root.glob("numpy/**/*.so")
    }
    assert listed & compiled == {*COMPILED, *REPLACED}


@pytest.fixture(scope="module")
def site() -> Path:
    return part("numpy")


@pytest.mark.slow
def test_the_compiled_modules_are_these(site: Path) -> None:
    found = {str(path.relative_to(site)).partition(".")[0] for path in site.rglob("*.so")}
    assert found == {name.replace(".", "/") for name in COMPILED}


@pytest.mark.slow
def test_it_is_small_and_old(site: Path) -> None:
    for path in site.rglob("*.so"):
        assert newer_symbols(path) == set()
        assert path.stat().st_size < _LARGEST


@pytest.mark.slow
def test_it_needs_nothing_but_the_c_library(site: Path) -> None:
    for path in site.rglob("*.so"):
        assert libraries_of(path) <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}


@pytest.mark.slow
def test_no_folder_of_this_machine_is_in_it(site: Path) -> None:
    paths = [*site.rglob("*.so"), site / "numpy/__config__.py"]
    assert places_in({path.name: path.read_bytes() for path in paths}) == []


@pytest.mark.slow
def test_tests_are_not_in_it(site: Path) -> None:
    assert not [*site.rglob("tests")]


_WORK = """
import hashlib, sys
import numpy as np
from transcriber.engine.openai_whisper import load
load()
from whisper.audio import mel_filters
from whisper.timing import dtw_cpu, median_filter
import torch

def show(name, array):
    array = np.ascontiguousarray(array)
    print(name, array.dtype, array.shape, hashlib.sha256(array.tobytes()).hexdigest())

noise = np.frombuffer(hashlib.shake_256(b"whisper").digest(400_000), np.int16)
show("samples", noise.flatten().astype(np.float32) / 32768.0)
show("padded", np.pad(noise, [(0, 1234)]))
for size in (80, 128):
    mel_filters.cache_clear()
    show("mel", mel_filters("cpu", size).numpy())
cost = (noise[:60_000].reshape(120, 500) / 32768.0).astype(np.float64)
show("path", np.array(dtw_cpu(cost)))
show("filtered", median_filter(torch.tensor(cost[:4].copy(), dtype=torch.float32), 7).numpy())
logprobs = -np.abs(cost[0])
show("mean", np.mean(logprobs.astype(np.float32)))
show("diff", np.diff(cost[0]))
show("cumsum", np.cumsum(cost[0]))
show("median", np.median(np.abs(cost[1])))
show("pad", np.pad(np.cumsum(np.arange(7)), (1, 0)))
show("argsort", np.argsort(cost[2], kind="stable"))
show("sort", np.sort(cost[2]))
show("std", cost.std(axis=0))
show("where", np.where(cost > 0, cost, 0).max(axis=1))
"""


@pytest.mark.slow
def test_the_results_are_those_of_the_numpy_that_everybody_has(site: Path) -> None:
    def results(*before: Path) -> str:
        code = f"import sys; sys.path[:0] = {[str(path) for path in before]!r}\n{_WORK}"
        code += "print(np.__file__, file=sys.stderr)"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.strip().startswith(tuple(map(str, before)) or str(Path(sys.prefix)))
        return done.stdout

    assert results(site) == results()


@pytest.mark.slow
def test_it_computes_on_a_processor_without_newer_instructions(site: Path) -> None:
    """What numpy demands of the processor, it checks when it is imported."""
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "from numpy._core._multiarray_umath import __cpu_baseline__ as least\n"
        "print(*least)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.slow
def test_linear_algebra_is_missing_by_name(site: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r})\n"
        "import numpy\n"
        "try:\n    numpy.linalg.inv(numpy.eye(2))\n"
        "except AttributeError as error:\n    print(error)"
    )
    assert "no linear algebra (inv)" in output_of(sys.executable, "-c", code)
