"""Building what runs on the stand-in for the CUDA runtime (`fake_cuda_runtime.c`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit.package_pins import read_pins
from buildkit.places import build_cache
from buildkit.toolchain import provide_toolchain
from torch_build.abi import read_exports
from torch_build.cuda import link
from torch_build.cuda.toolkit import PINS, toolkit_in

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
    files = [file for file in files if file.name != "absent.o"]
    if not all(file.exists() for file in files):
        return None
    tools = provide_toolchain(build_cache())
    absent = objects.with_name("absent.txt").read_text().split()
    needed = link.Needed(exports=read_exports(), absent=tuple(absent))
    runtime = compile_runtime(folder, cuda)
    return link.link(files, needed, core[0], folder, tools=tools, runtime=runtime)


def usable_addon(folder: Path) -> Path:
    """Return the add-on on the stand-in, where the PyTorch of this Python fits it; else skip."""
    cuda = toolkit()
    library = link_addon(folder, cuda) if cuda else None
    if library is None:
        pytest.skip("the add-on was not built here: `make cuda` builds the add-on")
    ask = "import torch; print(torch.cuda.is_available()); torch.cuda.init()"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "TORCH_CUDA_ADDON": str(library)},
        capture_output=True,
        text=True,
        check=False,
    )
    # Two kernels with one address are a defect of the link, and everything else is another build.
    assert "have one function" not in done.stderr, done.stderr
    if done.returncode:
        pytest.skip(f"the PyTorch here is of another build: {done.stderr.splitlines()[-1]}")
    return library


def addon_environment(library: Path) -> dict[str, str]:
    """Return the variables with which a child uses the add-on, and no memory a second time.

    New memory is filled with zeros, so that counts which no kernel wrote are none.
    """
    variables = {"TORCH_CUDA_ADDON": str(library), "PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}
    if "PYTHONPATH" in os.environ:
        variables["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return variables


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
