"""Compile the generated code and upstream's files into objects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.capture import capture
from buildkit.commands import HOUR, run
from buildkit.errors import ToolError
from buildkit.toolchain import Toolchain
from torch_build import entry_points
from torch_build.link import live_undefined
from torch_build.recipe import RECIPE

_STRAY_VARIABLES = ("CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "LIBRARY_PATH")
"""Where compilers look besides what they are told."""


@dataclass(frozen=True, kw_only=True)
class Includes:
    """Folders with headers that belong to the Python that the module is for."""

    python: Path
    numpy: Path


def compile_objects(
    sources: Path,
    generated: Path,
    build: Path,
    *,
    tools: Toolchain,
    includes: Includes,
    cache: Path,
) -> list[Path]:
    """Compile everything.

    Parameters
    ----------
    sources : Path
        The folder with a tree for each pinned source.
    generated : Path
        What `generate` wrote; the operators' entry points are written there in between.
    build : Path
        The folder for the objects.
    cache : Path
        A folder that outlives the checkout, for ccache.

    Returns
    -------
    list of Path
        The objects, in an order that does not change.

    Raises
    ------
    ToolError
        When CMake or the compiler fails.
    """
    # CMake would add the user's own from the environment: another wheel under the same key.
    flags = " ".join(tools.sysroot.flags)
    definitions = {
        "CMAKE_BUILD_TYPE": "Release",
        "CMAKE_C_FLAGS": flags,
        "CMAKE_CXX_FLAGS": flags,
        "CMAKE_ASM_FLAGS": flags,
        "CMAKE_EXE_LINKER_FLAGS": f"--ld-path={tools.linker}",
        "CMAKE_C_COMPILER": tools.cc,
        "CMAKE_CXX_COMPILER": tools.cxx,
        "CMAKE_ASM_COMPILER": tools.cc,
        "CMAKE_C_COMPILER_LAUNCHER": tools.ccache,
        "CMAKE_CXX_COMPILER_LAUNCHER": tools.ccache,
        "CMAKE_MAKE_PROGRAM": tools.ninja,
        "FILES": generated / "files.cmake",
        "GENERATED": generated,
        "NATIVE": RECIPE / "native",
        "PYTORCH": sources / "pytorch",
        "SLEEF": sources / "sleef",
        "OPENBLAS_SOURCE": sources / "openblas",
        "FP16": sources / "fp16",
        "PSIMD": sources / "psimd",
        "FMT": sources / "fmt",
        "JSON": sources / "nlohmann_json",
        "POCKETFFT": sources / "pocketfft/numpy/fft/pocketfft",
        "PYBIND11": sources / "pybind11/pybind11/include",
        "NUMPY_INCLUDE": includes.numpy,
        "PYTHON_INCLUDE": includes.python,
        "OPENMP_INCLUDE": tools.sysroot.openmp_include,
        "SYSROOT": tools.sysroot.root,
    }
    arguments = [f"-D{name}={value}" for name, value in definitions.items()]
    capture(
        [tools.cmake, "-G", "Ninja", "-S", RECIPE / "cmake", "-B", build, *arguments],
        environment=tools.environment,
    )
    settings = ccache_settings(build, cache)
    _ninja(build, "parts", tools, settings)
    parts = _listed(build / "parts.txt")
    called = entry_points.called_operators(live_undefined(parts, build / "probe", tools))
    entry_points.write_entry_points(generated, called)
    _ninja(build, "operators", tools, settings)
    return parts + _listed(build / "operators.txt")


def ccache_settings(build: Path, cache: Path) -> dict[str, str]:
    """Return what ccache needs in the environment to know an object again.

    A precompiled header is compared by content. The folder is ours, so that the limit does not
    throw out what the user's other projects have.
    """
    return {
        "CCACHE_DIR": str(cache / "ccache"),
        "CCACHE_SLOPPINESS": "pch_defines,time_macros,include_file_mtime,include_file_ctime",
        "CCACHE_BASEDIR": str(build.parent),
        "CCACHE_NOHASHDIR": "true",
        "CCACHE_MAXSIZE": "2G",
    }


def _ninja(build: Path, target: str, tools: Toolchain, settings: Mapping[str, str]) -> None:
    # One job a core: a compiler takes up to a gigabyte, so memory is no limit.
    variables = {**tools.environment, **settings}
    without = [word for name in _STRAY_VARIABLES for word in ("-u", name)]
    words = ["env", *without, *(f"{name}={value}" for name, value in variables.items())]
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    if run([*words, tools.ninja, "-C", build, jobs, "-k0", target], limit=4 * HOUR):
        raise ToolError(
            "the compiler failed, its own message is above",
            "mend that, then give the same command again: what is compiled already stays",
        )


def _listed(path: Path) -> list[Path]:
    """Return the objects that CMake wrote to `path`, among which it counts precompiled headers."""
    return [Path(line) for line in path.read_text().splitlines() if line.endswith(".o")]
