"""The formula by which Homebrew on Linux installs the program."""

from __future__ import annotations

from pathlib import Path

from release.common.artefacts import Artefact
from release.common.description import Description
from release.common.template import fill, quoted, web_address, write_text


def make_formula(tarball: Artefact, output: Path, *, description: Description) -> Path:
    """Write the formula.

    Parameters
    ----------
    tarball : Artefact
        From `make_tarball`.
    output : Path
        The folder for the formula.
    description : Description
        What it says of the program, and where the tarball will be.

    Returns
    -------
    Path
        The formula.

    Raises
    ------
    UsageError
        When the description has no address.
    StorageError
        When it cannot be written.
    """
    values = {
        # Homebrew finds the class by the name of the file.
        "class": "".join(word.capitalize() for word in description.name.split("-")),
        "summary": _ruby(description.summary),
        "homepage": _ruby(f"{description.address}/"),
        "source": _ruby(web_address(description, tarball.name)),
        "version": _ruby(description.version),
        "sha256": tarball.sha256,
        "licence": _ruby(description.licence),
        "command": description.command,
    }
    return write_text(output / f"{description.name}.rb", fill("formula.rb", values))


def _ruby(text: str) -> str:
    # Between double quotes Ruby reads #{...}, too.
    return quoted(text).replace("#", "\\#")
