"""Find the programs that the recipes of others call, or get them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from buildkit.capture import capture
from buildkit.errors import ToolError
from buildkit.system_packages import install, provide_program

PROGRAMS = (
    "make",
    # For ffmpeg's own code for vector registers. It decodes without it, too, more slowly and with
    # other last digits.
    "nasm",
)
"""Programs, in Debian's packages of the same names."""


def provide_programs(cache: Path) -> list[Path]:
    """See to it that `PROGRAMS` and perl are there.

    Parameters
    ----------
    cache : Path
        The build cache, where the packages are unpacked that cannot be installed.

    Returns
    -------
    list of Path
        Folders to search beside those of ``PATH``.

    Raises
    ------
    ToolError
        When one cannot be had.
    """
    _provide_perl()
    folders = []
    for name in PROGRAMS:
        program = provide_program(name, cache)
        if program.is_relative_to(cache):
            folders.append(program.parent)
    return folders


def nasm_version(folders: Sequence[Path]) -> str:
    """Return what nasm, of the machine or in one of `folders`, calls itself."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, folders)])
    nasm = shutil.which("nasm", path=path)
    # Its line has the date that it was compiled, too.
    return capture([nasm, "-v"]).partition(" compiled")[0].strip() if nasm else "none"


def _provide_perl() -> None:
    """See to it that there is the whole perl, which OpenSSL's recipe is written in.

    Every Debian has a part of it, without the module that recipe begins with. It finds its modules
    in fixed folders, so that unpacking it elsewhere would not do.
    """
    if not _has_modules():
        install(["perl"])
    if not _has_modules():
        raise ToolError(
            "this machine has no perl, or not all of it", "install the system package perl"
        )


def _has_modules() -> bool:
    try:
        capture(["perl", "-MIPC::Cmd", "-MPod::Usage", "-e", "1"])
    except ToolError:
        return False
    return True
