"""Apply patches with the program patch, which is installed when it is missing."""

from __future__ import annotations

import os
import re
from pathlib import Path

from buildkit.commands import run_quietly
from buildkit.errors import RecipeError
from buildkit.places import build_cache
from buildkit.system_packages import provide_program

PROGRAM = "patch"
"""The program, in Debian's package of the same name."""

_LIMIT = 60.0
"""Seconds for one patch, which takes milliseconds."""


def apply_patch(text: bytes, tree: Path, *, name: str) -> None:
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

    Raises
    ------
    BuildError
        When it does not apply, or the program cannot be had.
    """
    program = provide_program(PROGRAM, build_cache())
    words: list[str | Path] = [program, "--strip=1", "--fuzz=0", "--forward", "--batch"]
    words += ["--no-backup-if-mismatch", "--reject-file=-", "--directory", tree.absolute()]
    # Without the variables that change how it reads a patch.
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    code, output = run_quietly(words, limit=_LIMIT, given=text, environment=environment)
    if code:
        raise RecipeError(
            f"the patch {name} does not apply to {tree.name}: {_complaint(output)}",
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
