"""A release that is small enough to be made in every test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from buildkit.errors import UsageError
from release.archives.tarball import make_tarball
from release.common.artefacts import Artefact, read_artefact
from release.common.description import Description, read_description
from test_program_tree import make_program

ADDRESS = "https://example.org/transcriber"

DESCRIPTION = read_description(address=ADDRESS, version="1.2.3")

CANDIDATE = read_description(address=ADDRESS, version="1.2.3-rc.1")
"""One of those versions that not every kind of package may call as we do."""

Recipe = Callable[..., Path]


def small_tarball(folder: Path, description: Description = DESCRIPTION) -> Artefact:
    """Return the tarball of a false program."""
    program = make_program(folder / "program")
    return read_artefact(make_tarball(program, folder / "made", description=description))


def check_that_it_pins(recipe: Recipe, folder: Path, written: Callable[[Artefact], str]) -> None:
    """Check that a recipe has the digest and the place of the very artefact, and no other's."""
    tarball = small_tarball(folder)
    text = recipe(tarball, folder / "one", description=DESCRIPTION).read_text()
    assert text.count(written(tarball)) == 1
    assert f"{ADDRESS}/{tarball.name}" in text
    content = bytearray(tarball.path.read_bytes())
    content[-1] ^= 1
    tarball.path.write_bytes(content)
    other = read_artefact(tarball.path)
    changed = recipe(other, folder / "two", description=DESCRIPTION).read_text()
    assert changed == text.replace(written(tarball), written(other)) != text


def check_that_it_needs_an_address(recipe: Recipe, folder: Path) -> None:
    """Check that it fetches from nowhere else, and runs nothing that the address says."""
    tarball = small_tarball(folder)
    for address in ("", 'https://example.org/$(id)"'):
        description = read_description(address=address)
        with pytest.raises(UsageError, match="UPDATE_ADDRESS"):
            recipe(tarball, folder / "none", description=description)
    assert not list((folder / "none").glob("*"))
