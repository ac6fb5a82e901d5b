"""The recipe by which flatpak-builder makes a Flatpak of the program."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from buildkit.errors import UsageError
from release.common.artefacts import Artefact
from release.common.description import Description
from release.common.template import fill, quoted, web_address, write_text


def make_flatpak(tarball: Artefact, output: Path, *, description: Description) -> Path:
    """Write the manifest, which is called by the identifier of the application.

    Parameters
    ----------
    tarball : Artefact
        From `make_tarball`.
    output : Path
        The folder for the manifest.
    description : Description
        What the application says of itself, and where the tarball will be.

    Returns
    -------
    Path
        The manifest.

    Raises
    ------
    UsageError
        When the description has no address, or one of which no identifier can be made.
    StorageError
        When it cannot be written.
    """
    values = {
        "source": quoted(web_address(description, tarball.name)),
        "sha256": tarball.sha256,
        "id": application_id(description),
        "name": description.name,
        "command": description.command,
    }
    return write_text(output / f"{values['id']}.yml", fill("flatpak.yaml", values))


def application_id(description: Description) -> str:
    """Return the identifier: the publisher's host backwards, and the program.

    The project has no domain of its own, and whoever publishes may only use names of theirs.

    Raises
    ------
    UsageError
        When the host has no domain: an identifier has three parts.

    Examples
    --------
    >>> from release.common.description import read_description
    >>> application_id(read_description(address="https://my-name.example.org/x"))
    'org.example.my_name.whisper_transcriber'
    """
    host = urlsplit(description.address).hostname or ""
    parts = host.replace("-", "_").split(".")[::-1]
    if len(parts) < 2 or not all(part.isascii() and part.isidentifier() for part in parts):
        raise UsageError(
            f"a Flatpak is called by the domain it comes from, and {host or 'no address'} is none",
            "give the web folder by a name: UPDATE_ADDRESS=https://host.domain/folder",
        )
    return ".".join([*parts, description.name.replace("-", "_")])
