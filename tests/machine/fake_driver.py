"""Libraries that are broken in one way each: a driver's, and a CUDA add-on's."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang", "clang-19"))), None)
SOURCE = Path(__file__).with_suffix(".c")
NAME = "libcuda.so.1"

_ELF_CLASS, _ELF_MACHINE = 4, 18
"""Offsets into an ELF file."""
_ARM64 = 183


def build_driver(folder: Path, *flags: str) -> Path:
    """Compile a driver's library into a folder; return the folder, for ``LD_LIBRARY_PATH``."""
    folder.mkdir()
    compile_library(SOURCE, folder / NAME, f"-Wl,-soname,{NAME}", *flags)
    return folder


def compile_library(source: Path, target: Path, *flags: str) -> Path:
    """Compile a C file to a shared library."""
    assert COMPILER is not None
    command = [COMPILER, "-shared", "-fPIC", str(source), "-o", str(target), *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target


def with_driver(folder: Path, words: str = "", **variables: str) -> dict[str, str]:
    """Return an environment in which the driver in `folder` is found and misbehaves."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("CUDA_", "NVIDIA_"))}
    return {**inherited, "LD_LIBRARY_PATH": str(folder), "FAKE_DRIVER": words, **variables}


def damage(library: Path, how: str) -> Path:
    """Damage a library: ``empty``, ``text``, ``half``, ``short``, ``32 bit`` or ``arm``."""
    content = bytearray(library.read_bytes())
    if how == "32 bit":
        content[_ELF_CLASS] = 1
    elif how == "arm":
        content[_ELF_MACHINE : _ELF_MACHINE + 2] = _ARM64.to_bytes(2, "little")
    else:
        lengths: Mapping[str, int] = {"empty": 0, "half": len(content) // 2, "short": 40}
        content = bytearray(b"no library\n" * 99) if how == "text" else content[: lengths[how]]
    library.write_bytes(content)
    return library
