"""Build the library of matrix products by itself, as tests and benchmarks want it.

The build of PyTorch includes the same recipe, ``cmake/openblas.cmake``, in its own.
"""

from __future__ import annotations

from pathlib import Path

from buildkit.capture import capture
from buildkit.toolchain import Toolchain

RECIPE = Path(__file__).resolve().parents[1] / "cmake" / "openblas.cmake"

_PROJECT = """\
cmake_minimum_required(VERSION 3.25)
project(openblas LANGUAGES C)
set(OPENBLAS_SOURCE "{source}")
include("{recipe}")
"""


def build_library(
    source: Path, build: Path, *, tools: Toolchain, shared: bool = False, jobs: int = 1
) -> Path:
    """Compile the matrix products and return the library.

    Parameters
    ----------
    source : Path
        OpenBLAS, unpacked.
    build : Path
        Folder for the objects and the library; made where it is missing.
    tools : Toolchain
        The compiler, and the system that it compiles for.
    shared : bool
        Whether to link a shared library, whose routine ``sgemm_`` is visible, instead of an
        archive, whose names are hidden.
    jobs : int
        Compilers at once.

    Raises
    ------
    ToolError
        When a tool is missing or fails.
    """
    build.mkdir(parents=True, exist_ok=True)
    project = _PROJECT.format(source=source.resolve(), recipe=RECIPE)
    (build / "CMakeLists.txt").write_text(project, encoding="utf-8")
    sysroot = tools.sysroot
    openmp = sysroot.openmp_library.parent
    options = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_MAKE_PROGRAM": tools.ninja,
        "CMAKE_C_COMPILER": tools.cc,
        "CMAKE_C_COMPILER_LAUNCHER": tools.ccache,
        "CMAKE_C_FLAGS": " ".join([*sysroot.flags, f"-isystem {sysroot.openmp_include}"]),
        "CMAKE_SHARED_LINKER_FLAGS": f"--ld-path={tools.linker} -L{openmp} -Wl,-rpath,{openmp}",
    }
    definitions = [f"-D{name}={value}" for name, value in options.items()]
    capture(
        [tools.cmake, "-G", "Ninja", "-S", build, "-B", build, *definitions],
        environment=tools.environment,
    )
    target = "openblas_shared" if shared else "openblas"
    capture(
        [tools.cmake, "--build", build, "--target", target, "--parallel", str(jobs)],
        environment=tools.environment,
    )
    return build / ("libmatrix_products.so" if shared else "libopenblas.a")
