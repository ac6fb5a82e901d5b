"""Lay out what a web server needs: the files of a release, and the indexes of apt and pip."""

from __future__ import annotations

import shutil
from pathlib import Path

from buildkit.files import copy_whole, make_directory
from release.common.artefacts import open_to_all
from release.common.description import Description
from release.debian.repository import write_apt_repository
from release.wheels.index import write_python_index

APT, INDEX = "apt", "python"


def lay_out_tree(
    release: Path, output: Path, *, description: Description, sign_key: str = ""
) -> Path:
    """Make the folder for a web server.

    Parameters
    ----------
    release : Path
        From `assemble`.
    output : Path
        What it held is replaced. The files of the release lie at its top, where the recipes and
        updates look for them; ``apt/`` and ``python/simple/`` have the indexes.
    description : Description
        What the repository of apt says about itself.
    sign_key : str
        The key that GnuPG signs that with.

    Returns
    -------
    Path
        `output`.

    Raises
    ------
    BuildError
        When an index cannot be made.
    """
    shutil.rmtree(output, ignore_errors=True)
    make_directory(output)
    files = sorted(path for path in release.iterdir() if path.is_file())
    for path in files:
        copy_whole(path, output / path.name)
    named = {
        ending: [path for path in files if path.suffix == ending] for ending in (".deb", ".whl")
    }
    write_apt_repository(named[".deb"], output / APT, description=description, sign_key=sign_key)
    write_python_index(named[".whl"], output / INDEX)
    open_to_all(output)
    return output
