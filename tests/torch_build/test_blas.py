"""The library of matrix products: what is in it, and whether its sums are right."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from buildkit.places import build_cache
from buildkit.toolchain import Toolchain, provide_toolchain
from torch_build.blas import build_library

SOURCES = Path(__file__).parents[2] / "build" / "torch" / "source"
FEATURES = set(re.findall(r"\w+", Path("/proc/cpuinfo").read_text(encoding="utf-8")))
TARGETS = {
    "baseline": set[str](),
    "haswell": {"avx2", "fma"},
    "skylakex": {"avx2", "fma", "avx512f", "avx512dq", "avx512bw", "avx512vl"},
}
RUNNABLE = [name for name, needed in TARGETS.items() if needed <= FEATURES]
"""From the lowest to the one that is chosen when nothing is asked for."""

MOST_COLUMNS_IN_PLACE = 64
WIDEST_PANEL = 2048
DEEPEST_PANEL = 448


@pytest.fixture(scope="session")
def source() -> Path:
    found = sorted(SOURCES.glob("*/kernel/x86_64/KERNEL.HASWELL"))
    if not found:
        pytest.skip("needs OpenBLAS's source, which `make torch` fetches")
    return found[0].parents[2]


@pytest.fixture(scope="session")
def tools() -> Toolchain:
    return provide_toolchain(build_cache())


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where both are built: of the same objects, most of which are compiled once."""
    return tmp_path_factory.mktemp("openblas")


@pytest.fixture(scope="session")
def library(source: Path, tools: Toolchain, folder: Path) -> Path:
    return build_library(source, folder, tools=tools, shared=True, jobs=2)


@pytest.fixture(scope="session")
def archive(source: Path, tools: Toolchain, folder: Path) -> Path:
    return build_library(source, folder, tools=tools, jobs=2)


def child(library: Path, function: str, *arguments: object, **environment: str) -> str:
    """Call a function of this file in a process of its own: the target is chosen once in each."""
    command = [sys.executable, __file__, library, function, *arguments]
    return subprocess.run(
        [str(word) for word in command],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    ).stdout.strip()


def symbols(archive: Path, kinds: str) -> set[str]:
    lines = subprocess.check_output(["nm", archive], text=True).splitlines()
    found = (line.split()[-2:] for line in lines if len(line.split()) >= 2)
    return {name for kind, name in found if kind in kinds}


def test_one_routine_for_callers_and_the_kernels_of_three_targets(archive: Path) -> None:
    ending = re.compile(f"_({'|'.join(TARGETS)})$")
    names = symbols(archive, "TDBCR")
    assert {name for name in names if not ending.search(name)} == {"sgemm_", "openblas_target"}
    kernels = {ending.sub("", name) for name in names if ending.search(name)}
    assert "sgemm_kernel" in kernels
    # Single precision only: no dgemm, cgemm, zgemv, and nothing but products.
    assert {name for name in kernels if not name.startswith(("sgemm_", "sgemv_n"))} == {
        "few_columns",
        "openblas",
    }


def test_needs_only_the_c_library_openmp_and_the_team(archive: Path) -> None:
    foreign = symbols(archive, "U") - symbols(archive, "TDBCR")
    allowed = r"__kmpc_\w+|omp_\w+|pthread_\w+|calloc|free|aligned_alloc|abort|getenv|strcasecmp"
    allowed += r"|strcmp|strncmp|whisper_run_on_team"
    allowed += r"|__cpu_model|__cpu_indicator_init|mem(cpy|set)|_GLOBAL_OFFSET_TABLE_"
    assert not {name for name in foreign if not re.fullmatch(allowed, name)}


def test_names_are_hidden(archive: Path) -> None:
    table = subprocess.check_output(["readelf", "--symbols", "--wide", archive], text=True)
    line = re.search(r"^.*\bFUNC\b.*\bsgemm_$", table, re.MULTILINE)
    assert line
    assert "HIDDEN" in line[0]


def test_archive_is_the_same_wherever_it_is_built(
    source: Path, tools: Toolchain, archive: Path, tmp_path: Path
) -> None:
    again = build_library(source, tmp_path / "another" / "folder", tools=tools, jobs=2)
    assert again.read_bytes() == archive.read_bytes()


def test_chooses_the_best_target(library: Path) -> None:
    assert child(library, "target", OPENBLAS_CORETYPE="") == RUNNABLE[-1]


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_lower_target_can_be_asked_for(library: Path, name: str) -> None:
    assert child(library, "target", OPENBLAS_CORETYPE=name.upper()) == name


@pytest.mark.parametrize("name", ["z80", *(set(TARGETS) - set(RUNNABLE))])
def test_a_target_that_cannot_run_is_not_taken(library: Path, name: str) -> None:
    assert child(library, "target", OPENBLAS_CORETYPE=name) == RUNNABLE[-1]


@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("name", RUNNABLE)
def test_products_are_right(library: Path, name: str, threads: str) -> None:
    wrong = child(library, "wrong_products", 250, OPENBLAS_CORETYPE=name, OMP_NUM_THREADS=threads)
    assert wrong == ""


@pytest.mark.parametrize(
    ("held_to", "name"),
    [("default", "baseline"), ("avx2", RUNNABLE[:2][-1]), ("amx", RUNNABLE[-1])],
)
def test_what_holds_pytorch_down_holds_it_down(library: Path, held_to: str, name: str) -> None:
    settings = {"ATEN_CPU_CAPABILITY": held_to, "OPENBLAS_CORETYPE": ""}
    assert child(library, "target", **settings) == name


def test_finishes_when_openmp_grants_fewer_threads(library: Path) -> None:
    settings = {"OMP_NUM_THREADS": "8", "OMP_THREAD_LIMIT": "2"}
    assert child(library, "wrong_products", 60, **settings) == ""


def target(blas: ctypes.CDLL) -> str:
    blas.openblas_target.restype = ctypes.POINTER(ctypes.c_char_p)
    name: bytes = blas.openblas_target()[0]
    return name.decode()


def wrong_products(blas: ctypes.CDLL, count: str) -> str:
    """Multiply random matrices and describe the products that differ from numpy's."""
    random = np.random.default_rng(3)
    return "\n".join(filter(None, (_compare(blas, random) for _ in range(int(count)))))


def _length(random: np.random.Generator) -> int:
    edges = (0, 1, 16, 17, MOST_COLUMNS_IN_PLACE, MOST_COLUMNS_IN_PLACE + 1, 320, DEEPEST_PANEL)
    most = int(random.choice([9, 100, 700]))
    if random.random() < 0.02:
        return WIDEST_PANEL + int(random.integers(0, 20))
    return int(random.choice(edges) if random.random() < 0.2 else random.integers(1, most))


def _matrix(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """A matrix, column by column, with some rows more than it has: columns x (rows + rest)."""
    stride = max(1, rows + int(random.integers(0, 5)))
    return random.standard_normal((max(1, columns), stride), dtype=np.float32)


def _compare(blas: ctypes.CDLL, random: np.random.Generator) -> str:
    m, n, k = _length(random), _length(random), _length(random)
    if m * n * k > 1e8:
        k = 64
    transpose_a, transpose_b = random.random(2) < 0.5
    alpha, beta = float(random.choice([1, 0, -0.5])), float(random.choice([0, 1, 0.5]))
    a = _matrix(random, k, m) if transpose_a else _matrix(random, m, k)
    b = _matrix(random, n, k) if transpose_b else _matrix(random, k, n)
    c = _matrix(random, m, n)
    if beta == 0:
        c[:] = np.nan
    left = (a[:m, :k] if transpose_a else a[:k, :m].T).astype(np.float64)
    right = (b[:k, :n] if transpose_b else b[:n, :k].T).astype(np.float64)
    before = c.copy()
    expected = alpha * (left @ right)
    if beta:
        expected += beta * before[:n, :m].T
    sizes = [ctypes.byref(ctypes.c_int(each)) for each in (m, n, k)]
    factors = [ctypes.byref(ctypes.c_float(each)) for each in (alpha, beta)]
    places = [
        (ctypes.c_void_p(each.ctypes.data), ctypes.byref(ctypes.c_int(each.shape[1])))
        for each in (a, b, c)
    ]
    letters = [b"T" if each else b"N" for each in (transpose_a, transpose_b)]
    blas.sgemm_(*letters, *sizes, factors[0], *places[0], *places[1], factors[1], *places[2])
    # The rounding of one addition, for each of the k.
    most = 3e-7 * (k + 4) * (abs(alpha) * (abs(left) @ abs(right)) / max(1, k) ** 0.5 + 1)
    case = f"{'NT'[int(transpose_a)]}{'NT'[int(transpose_b)]} {m} x {n} x {k}, {alpha}, {beta}"
    difference = c[:n, :m].T - expected
    if not (abs(difference) <= most).all():
        return f"{case}: differs by {abs(difference).max()}"
    c[:n, :m] = before[:n, :m]
    return "" if np.array_equal(c, before, equal_nan=True) else f"{case}: wrote outside of C"


if __name__ == "__main__":
    path, function, *arguments = sys.argv[1:]
    print(globals()[function](ctypes.CDLL(path), *arguments))
