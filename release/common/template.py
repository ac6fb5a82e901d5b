"""What the recipes have in common: a template in which the values of a release are put."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from buildkit.errors import RecipeError, UsageError
from buildkit.files import atomic_writer
from release.common.description import Description

TEMPLATES = Path(__file__).parents[1] / "templates"

_PLACE = re.compile(r"@([a-z0-9_]+)@")

_PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9:/._~%+=,-]+")
"""What stands for itself in every language that an address is written in."""


def web_address(description: Description, name: str) -> str:
    """Return where the file `name` of the release will be.

    Raises
    ------
    UsageError
        When the description has no address, or one with signs that a recipe may read as its own.
    """
    if not description.address:
        raise UsageError(
            "a recipe fetches the program from somewhere, and this release names no address",
            "give the web folder where it will be: UPDATE_ADDRESS=https://host/folder",
        )
    if not _PLAIN_ADDRESS.fullmatch(description.address):
        raise UsageError(
            f"{description.address!r} has signs that not every recipe can hold",
            "write them as %XX in UPDATE_ADDRESS",
        )
    return f"{description.address}/{name}"


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return the template of that name with `values` in the places of ``@name@``.

    Raises
    ------
    RecipeError
        When a place has no value, or a value has no place.
    """
    text = (TEMPLATES / template).read_text(encoding="utf-8")
    places = set(_PLACE.findall(text))
    if places != set(values):
        raise RecipeError(
            f"{template} and what fills it differ in {', '.join(sorted(places ^ set(values)))}",
            "give each place a value",
        )
    return _PLACE.sub(lambda place: values[place[1]], text)


def quoted(text: str) -> str:
    r"""Return `text` between double quotes, as YAML, JSON and PKGBUILD's shell read it alike.

    Examples
    --------
    >>> quoted("OpenAI's")
    '"OpenAI\'s"'
    """
    return json.dumps(text, ensure_ascii=False)


def write_text(path: Path, text: str, *, mode: int = 0o644) -> Path:
    """Write `text` to `path`, with that mode whatever the mask of the user is.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    with atomic_writer(path) as copy:
        copy.write(text.encode())
        os.fchmod(copy.fileno(), mode)
    return path
