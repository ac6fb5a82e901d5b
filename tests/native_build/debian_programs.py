"""Programs that tests compare with or need, from the machine or from its package archive."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import pytest

from buildkit.errors import BuildError
from buildkit.places import build_cache
from buildkit.system_packages import unpack_packages


@functools.cache
def debian_program(name: str, package: str) -> Path:
    """Return the program `name` of `package`; unpack that beside the system where it is missing."""
    found = shutil.which(name)
    if found:
        return Path(found)
    folder = build_cache() / "packages" / package
    for place in ("usr/bin", "bin"):
        if (folder / place / name).is_file():
            return folder / place / name
    if folder.is_dir():
        pytest.fail(f"the package {package} has no {name}")
    try:
        unpack_packages([package], folder)
    except BuildError as error:
        pytest.skip(f"{name} cannot be had: {error}")
    return debian_program.__wrapped__(name, package)


def debian_command(name: str, package: str) -> list[str]:
    """Return the command of a program, which may lie beside the libraries that it needs."""
    program = debian_program(name, package)
    root = program.parents[2] if program.parts[-3] == "usr" else program.parents[1]
    libraries = ":".join(str(root / place / "x86_64-linux-gnu") for place in ("usr/lib", "lib"))
    return ["env", f"LD_LIBRARY_PATH={libraries}", str(program)]
