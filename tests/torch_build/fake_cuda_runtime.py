"""Building what runs on the stand-in for the CUDA runtime (`fake_cuda_runtime.c`)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")


def toolkit() -> Path | None:
    """Return the folder of a CUDA toolkit: that of ``CUDA_HOME``, or of the ``nvcc`` on ``PATH``.

    None where there is no compiler for both the processor and a GPU.
    """
    compiler = shutil.which("nvcc")
    named = os.environ.get("CUDA_HOME")
    folder = Path(named) if named else Path(compiler).resolve().parents[1] if compiler else None
    if folder is None or shutil.which("gcc") is None:
        return None
    return folder if os.access(folder / "bin" / "nvcc", os.X_OK) else None


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


def _run(command: Sequence[str | Path]) -> None:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
