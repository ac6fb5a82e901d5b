"""The expression by which Nix builds the program."""

from __future__ import annotations

import base64
from pathlib import Path

from release.common.artefacts import Artefact
from release.common.description import Description
from release.common.template import fill, quoted, web_address, write_text


def make_nix(tarball: Artefact, output: Path, *, description: Description) -> Path:
    """Write the expression, which is called as ``callPackage ./whisper-transcriber.nix { }``.

    Parameters
    ----------
    tarball : Artefact
        From `make_tarball`.
    output : Path
        The folder for the expression.
    description : Description
        What it says of the program, and where the tarball will be.

    Returns
    -------
    Path
        The expression.

    Raises
    ------
    UsageError
        When the description has no address.
    StorageError
        When it cannot be written.
    """
    digest = base64.b64encode(bytes.fromhex(tarball.sha256)).decode()
    values = {
        "name": _nix(description.name),
        "version": _nix(description.version),
        "source": _nix(web_address(description, tarball.name)),
        "hash": _nix(f"sha256-{digest}"),
        "summary": _nix(description.summary),
        "homepage": _nix(f"{description.address}/"),
        "licence": _nix(description.licence),
        "command": _nix(description.command),
    }
    return write_text(output / f"{description.name}.nix", fill("package.nix", values))


def _nix(text: str) -> str:
    # Between double quotes Nix reads ${...}, too.
    return quoted(text).replace("$", "\\$")
