"""A compiler with our flags in it, for recipes of others that know flags of their own only."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from buildkit.files import write_if_different
from buildkit.toolchain import Toolchain

NAME = "clang"
"""Recipes tell compilers apart by their name. Some write it into what they make."""


HARDENED = ("-fstack-protector-strong", "-D_FORTIFY_SOURCE=2")
"""For what reads the bytes of strangers: a write beyond an array ends the program."""

_FLAGS = ("CFLAGS", "CPPFLAGS", "CXXFLAGS", "LDFLAGS", "LIBS", "CPATH", "C_INCLUDE_PATH")


def without_own_flags() -> dict[str, str]:
    """Return the variables of the user's own options for the compiler, emptied.

    With them the result would be another one under the same key.
    """
    return dict.fromkeys((*_FLAGS, "MAKEFLAGS"), "")


def wrap_compiler(
    folder: Path,
    tools: Toolchain,
    cache: Path,
    *,
    hidden: Sequence[Path] = (),
    flags: Sequence[str] = (),
) -> dict[str, str]:
    """Write a program ``clang`` that compiles for the sysroot, and say how it is used.

    Parameters
    ----------
    folder : Path
        Where the program is written.
    tools : Toolchain
        The compiler.
    cache : Path
        The build cache, for ccache.
    hidden : sequence of Path
        Folders that must not be in what is compiled; debuggers and messages see their last
        name instead.
    flags : sequence of str
        More options for compiling and linking.

    Returns
    -------
    dict of str to str
        The environment with which a recipe finds the program, and finds no other settings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = [
        *tools.sysroot.flags,
        f"--ld-path={tools.linker}",
        # What no one calls must not keep what it calls.
        *("-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"),
        *("-Wl,--build-id=none", "-Qunused-arguments"),
        # What the loader has filled in is read-only from then on.
        *("-Wl,-z,relro", "-Wl,-z,now"),
        *(f"-ffile-prefix-map={path}={path.name}" for path in (*hidden, tools.sysroot.root)),
        *flags,
    ]
    for name, compiler, more in (
        # Nothing is thrown through C, and the tables for that were a megabyte of the program.
        (NAME, tools.cc, ["-fno-asynchronous-unwind-tables"]),
        ("clang++", tools.cxx, []),
    ):
        words = shlex.join(map(str, [tools.ccache, compiler, *options, *more]))
        write_if_different(folder / name, f'#!/bin/sh\nexec {words} "$@"\n'.encode())
        (folder / name).chmod(0o755)
    return {
        **tools.environment,
        "PATH": os.pathsep.join([str(folder), os.environ.get("PATH", os.defpath)]),
        "CC": NAME,
        "CXX": "clang++",
        **without_own_flags(),
        "CCACHE_DIR": str(cache / "ccache"),
        "CCACHE_NOHASHDIR": "true",
        # The time that a recipe may write into what it makes: none.
        "SOURCE_DATE_EPOCH": "0",
        "LC_ALL": "C",
        "TZ": "UTC",
    }
