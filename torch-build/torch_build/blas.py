"""Build the library of matrix products by itself, as tests and benchmarks want it.

The build of PyTorch includes the same recipe, ``cmake/openblas.cmake``, in its own.
"""

from __future__ import annotations

from pathlib import Path

from torch_build.process import capture

RECIPE = Path(__file__).resolve().parents[1] / "cmake" / "openblas.cmake"

_PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(openblas LANGUAGES C)
set(OPENBLAS_SOURCE "{source}")
include("{recipe}")
"""


def build_library(
    source: Path,
    build: Path,
    *,
    compiler: str | Path = "clang-19",
    launcher: str | Path = "ccache",
    shared: bool = False,
    jobs: int = 1,
) -> Path:
    """Compile the matrix products and return the library.

    Parameters
    ----------
    source : Path
        OpenBLAS, unpacked.
    build : Path
        Folder for the objects and the library; made where it is missing.
    compiler, launcher : str or Path
        The C compiler, and what starts it; an empty launcher is none.
    shared : bool
        Whether to link a shared library, whose routine ``sgemm_`` is visible, instead of an
        archive, whose names are hidden.
    jobs : int
        Compilers at once.

    Raises
    ------
    DependencyError
        When a tool is missing or fails.
    """
    build.mkdir(parents=True, exist_ok=True)
    project = _PROJECT.format(source=source.resolve(), recipe=RECIPE)
    (build / "CMakeLists.txt").write_text(project, encoding="utf-8")
    options = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_C_COMPILER": compiler,
        "CMAKE_C_COMPILER_LAUNCHER": launcher,
    }
    definitions = [f"-D{name}={value}" for name, value in options.items()]
    capture(["cmake", "-G", "Ninja", "-S", build, "-B", build, *definitions])
    target = "openblas_shared" if shared else "openblas"
    capture(["cmake", "--build", build, "--target", target, "--parallel", str(jobs)])
    return build / ("libmatrix_products.so" if shared else "libopenblas.a")
