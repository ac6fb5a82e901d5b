"""Building what runs on the stand-in for the CUDA runtime (`fake_cuda_runtime.c`)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.layout import build_cache
from torch_build.cuda import link
from torch_build.cuda.toolkit import PINS, toolkit_in
from torch_build.sysroot import read_pins
from torch_build.toolchain import provide_toolchain

SOURCE = Path(__file__).with_suffix(".c")
BUILD = Path(__file__).resolve().parents[2] / "build"
"""Where the build has its objects."""


def toolkit() -> Path | None:
    """Return the folder of a CUDA 12.4 toolkit: that of ``CUDA_HOME``, or the recipe's own.

    None where neither is there: `make cuda` brings the recipe's. One of the machine's may be of
    another release, which this stand-in is not for.
    """
    named = os.environ.get("CUDA_HOME")
    folder = Path(named) if named else toolkit_in(build_cache(), read_pins(PINS))
    usable = shutil.which("gcc") and os.access(folder / "bin" / "nvcc", os.X_OK)
    return folder if usable else None


def compile_runtime(folder: Path, cuda: Path) -> Path:
    """Compile the stand-in into `folder`; return the object, to be linked in cudart's place."""
    target = folder / "fake_cuda_runtime.o"
    flags = ["-O1", "-fPIC", "-Wall", "-Wextra", "-Werror", f"-I{cuda / 'include'}"]
    _run(["gcc", *flags, "-c", SOURCE, "-o", target])
    return target


def build_program(source: Path, cuda: Path, *, architecture: str = "sm_80") -> Path:
    """Compile a ``.cu`` file and link it with the stand-in; return the program."""
    folder = source.parent
    kernels = source.with_suffix(".o")
    _run([cuda / "bin" / "nvcc", "-c", f"-arch={architecture}", source, "-o", kernels])
    program = source.with_suffix("")
    runtime = compile_runtime(folder, cuda)
    _run(["gcc", kernels, runtime, "-o", program, "-lstdc++", "-lpthread"])
    return program


def link_addon(folder: Path, cuda: Path) -> Path | None:
    """Link the add-on's objects with the stand-in, as the build links them with the real runtime.

    None where `make cuda` has not been run here.
    """
    objects = BUILD / "torch-cuda" / "linked" / "objects.rsp"
    core = sorted((BUILD / "torch" / "linked").glob("_C.*.so"))
    if not (objects.exists() and core):
        return None
    files = [Path(line.strip('"')) for line in objects.read_text().splitlines()]
    if not all(file.exists() for file in files):
        return None
    tools = provide_toolchain(build_cache())
    library = folder / "libtorch_cuda.so"
    flags = link._flags(files, folder, tools, compile_runtime(folder, cuda))
    _run([*flags, core[0], "-o", library])
    return library


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
