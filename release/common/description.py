"""What every package says about the program: the one description that all of them are made from."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from buildkit.errors import RecipeError, UsageError
from buildkit.places import CHECKOUT
from transcriber import __version__

FILE = Path(__file__).with_name("description.toml")

_VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:-(?:alpha|beta|rc)\.[0-9]+)?")
"""Semantic Versioning, of which every kind of package can hold these."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What packages say about the program.

    Attributes
    ----------
    name : str
        What packages are called: ``whisper-transcriber``.
    command : str
        What the user types: ``transcriber``.
    title : str
        The name for people.
    version : str
        As Semantic Versioning has it.
    summary : str
        One line, without a full stop.
    paragraphs : tuple of str
        The longer text.
    licence : str
        SPDX expression of the program itself; the parts in it have licences of their own.
    maintainer : str
        ``Name <address>``.
    address : str
        The web folder where the release will be, without a slash at its end; empty where the
        publisher has not said: recipes that fetch from there cannot be made then.
    """

    name: str
    command: str
    title: str
    version: str
    summary: str
    paragraphs: tuple[str, ...]
    licence: str
    maintainer: str
    address: str = ""


def read_description(*, address: str = "", version: str = __version__) -> Description:
    """Return the description of this checkout.

    Parameters
    ----------
    address : str
        The web folder where the release will be.
    version : str
        Another one than the program's own, for a trial.

    Raises
    ------
    UsageError
        When the version or the address is none.
    RecipeError
        When ``description.toml`` lacks a field.

    Examples
    --------
    >>> read_description().command
    'transcriber'
    """
    if not _VERSION.fullmatch(version):
        raise UsageError(f"{version!r} is no version", "give it as 1.2.3 or 1.2.3-rc.1")
    parts = urlsplit(address)
    if address and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise UsageError(
            f"{address!r} is no address of a web folder", "give it as https://host/folder"
        )
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    try:
        fields = tomllib.loads(FILE.read_text(encoding="utf-8"))
        return Description(
            name=fields["name"],
            command=fields["command"],
            title=fields["title"],
            version=version,
            summary=project["description"],
            paragraphs=tuple(fields["paragraphs"]),
            licence=project["license"],
            maintainer=fields["maintainer"],
            address=address.rstrip("/"),
        )
    except KeyError as error:
        raise RecipeError(f"{FILE.name} has no {error}", "write it there") from error
