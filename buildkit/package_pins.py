"""Read a list of Debian's binary packages, each pinned by its digest."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from buildkit.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Package:
    """A binary package of Debian's.

    Attributes
    ----------
    name, version : str
        As Debian has them.
    size : int
        Bytes of the file.
    sha256 : str
        Its digest, in hexadecimal.
    purpose : str
        Why it is needed.
    architecture : str
        That of Debian; ``all`` for a package without machine code.
    """

    name: str
    version: str
    size: int
    sha256: str
    purpose: str
    architecture: str = "amd64"

    @property
    def file(self) -> str:
        """Name of the file, as apt writes it."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.architecture}.deb"


@dataclass(frozen=True, kw_only=True)
class PackagePins:
    """A list of packages of one release.

    Attributes
    ----------
    suite : str
        Code name of Debian's release.
    packages : tuple of Package
        What is unpacked.
    components : str
        Parts of Debian's archive that have the packages, separated by spaces.
    """

    suite: str
    packages: tuple[Package, ...]
    components: str = "main"

    def key(self) -> str:
        """Return a digest of the packages' digests."""
        text = "".join(f"{package.name} {package.sha256}\n" for package in self.packages)
        return hashlib.sha256(text.encode()).hexdigest()


def read_pins(path: Path) -> PackagePins:
    """Read the pins in the file at `path`.

    Raises
    ------
    RecipeError
        When a pin lacks a field or has one that is unknown.
    """
    try:
        table = tomllib.loads(path.read_text())
        packages = tuple(Package(name=name, **pin) for name, pin in table["packages"].items())
        return PackagePins(
            suite=table["suite"],
            packages=packages,
            components=table.get("components", PackagePins.components),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError(f"{path}: {error}", "correct the pin") from error
