"""Apply patches with the program patch, which is installed when it is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from buildkit.errors import RecipeError, ToolError
from buildkit.places import build_cache
from buildkit.system_packages import install, unpack_packages

PROGRAM = "patch"
"""The program, in Debian's package of the same name."""

_LIMIT = 60.0
"""Seconds for one patch, which takes milliseconds."""


def provide_patch_program(cache: Path | None = None) -> Path:
    """Return the program patch: the machine's, which is installed where that is allowed.

    Parameters
    ----------
    cache : Path, optional
        The build cache, where the package is unpacked when it cannot be installed.

    Raises
    ------
    BuildError
        When it cannot be had.
    """
    found = shutil.which(PROGRAM)
    if not found and install([PROGRAM]):
        found = shutil.which(PROGRAM)
    if found:
        return Path(found)
    folder = (cache or build_cache()) / PROGRAM
    program = folder / "usr/bin" / PROGRAM
    if not program.is_file():
        unpack_packages([PROGRAM], folder)
    return program


def apply_patch(text: bytes, tree: Path, *, name: str, program: Path) -> None:
    """Make the changes `text` in the files of `tree`.

    The lines around each change must be there as the patch has them, if in another line of the
    file: no fuzz. A change that is there already is an error.

    Parameters
    ----------
    text : bytes
        Changes, in the form that the program reads, with one folder before the paths.
    tree : Path
        Where the files lie.
    name : str
        What the patch is called, for the message.
    program : Path
        From `provide_patch_program`.

    Raises
    ------
    BuildError
        When it does not apply.
    """
    words = [str(program), "--strip=1", "--fuzz=0", "--forward", "--batch"]
    words += ["--no-backup-if-mismatch", "--reject-file=-", "--directory", str(tree)]
    # Without the variables that change how it reads a patch.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        finished = subprocess.run(
            words,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            timeout=_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolError(f"cannot run {program} for {name}: {error}") from error
    if finished.returncode:
        said = _complaint(finished.stdout.decode(errors="replace"))
        raise RecipeError(
            f"the patch {name} does not apply to {tree.name}: {said}",
            "leave it out, or pin the version that it is for",
        )


def _complaint(output: str) -> str:
    """Return what the program says of the first file whose change fails."""
    file, failed = "", re.compile("FAILED|failed|ignored|can't|cannot|Can't|Ignoring|malformed")
    for line in output.splitlines():
        if line.startswith("patching file "):
            file = line.removeprefix("patching file ")
        elif failed.search(line):
            return f"{file}: {line.strip()}" if file else line.strip()
    return output.strip().partition("\n")[0]
