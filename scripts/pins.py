"""Read ``pins.toml``: what the set-up downloads beside Python requirements."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from buildkit.places import CHECKOUT


@dataclass(frozen=True, kw_only=True)
class Package:
    """A Python package that is downloaded and unpacked.

    Attributes
    ----------
    name, version : str
        As the index has them.
    sha256 : str
        Digest of its wheel, in hexadecimal.
    """

    name: str
    version: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class PackedFile:
    """A file whose content is that of one or several files in packages.

    Attributes
    ----------
    sha256 : str
        Digest of the whole.
    parts : tuple of (Package, str)
        What it is joined from: a package and the path in its wheel.
    """

    sha256: str
    parts: tuple[tuple[Package, str], ...]


@dataclass(frozen=True, kw_only=True)
class Detector:
    """The speech detector of the program.

    Attributes
    ----------
    package : Package
        What its weights are made of.
    sha256 : mapping of str to str
        Name and digest of each file that is made.
    """

    package: Package
    sha256: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Speech:
    """Recordings with transcripts.

    Attributes
    ----------
    debian_source : str
        The source package of Debian and Ubuntu that has them.
    folder : str
        Where they lie in it.
    address : str
        The same folder at its origin.
    language : str
        Code of the language spoken.
    transcripts : str
        Name of the file with the transcripts, in the form of CMU Sphinx.
    sha256 : mapping of str to str
        Each file's name and digest.
    """

    debian_source: str
    folder: str
    address: str
    language: str
    transcripts: str
    sha256: Mapping[str, str]

    @property
    def recordings(self) -> list[str]:
        """The names of the recordings."""
        return [name for name in self.sha256 if name != self.transcripts]


@dataclass(frozen=True, kw_only=True)
class Pins:
    """The content of ``pins.toml``.

    Attributes
    ----------
    torch_page : str
        A page that links to PyTorch's CPU wheels.
    detector : Detector
        The speech detector.
    weights : mapping
        Of a model's name to the files of its checkpoint.
    speech : Speech
        Recordings with transcripts.
    """

    torch_page: str
    detector: Detector
    weights: Mapping[str, Mapping[str, PackedFile]]
    speech: Speech


def read_pins(path: Path = CHECKOUT / "pins.toml") -> Pins:
    """Read the pins in the file at `path`."""
    with path.open("rb") as stream:
        table = tomllib.load(stream)
    packages = {name: Package(name=name, **pin) for name, pin in table["packages"].items()}
    weights = {
        model: {
            name: PackedFile(
                sha256=file["sha256"],
                parts=tuple((packages[package], member) for package, member in file["parts"]),
            )
            for name, file in files.items()
        }
        for model, files in table["weights"].items()
    }
    return Pins(
        torch_page=table["torch"]["find_links"],
        detector=Detector(
            package=packages[table["detector"]["package"]], sha256=table["detector"]["sha256"]
        ),
        weights=weights,
        speech=Speech(**table["speech"]),
    )
