"""Read a ``sources.toml``: what a build is made from, each pinned by its digest."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buildkit.errors import RecipeError


@dataclass(frozen=True, kw_only=True)
class Source:
    """What is known of every source, wherever it comes from.

    Attributes
    ----------
    name : str
        Our name for it, and that of the folder that it is unpacked to.
    version : str
        As its makers have it.
    licence : str
        SPDX expression.
    purpose : str
        Why it is here, in one line.
    ships : bool
        Whether code of it ends up in what is built; else it only helps to build it.
    supplier : str
        Who publishes it.
    file : str
        Name of the archive.
    size : int
        Bytes of the archive.
    sha256 : str
        Digest of the archive, in hexadecimal.
    """

    name: str
    version: str
    licence: str
    purpose: str
    ships: bool
    supplier: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Patches:
    """Debian's patches of a source archive, of one revision of its package.

    A revision leaves Debian's archive when the next one comes. `content_sha256` is a digest over
    the patches that are applied: any revision that has these unchanged serves as well.

    Attributes
    ----------
    version : str
        Debian's version of the source package.
    file : str
        Name of the archive with the folder ``debian``.
    size : int
        Bytes of that archive.
    sha256 : str
        Its digest, in hexadecimal.
    content_sha256 : str
        Digest of the applied patches, as `debian_patches.content_digest` makes it.
    applied : tuple of str
        Names of the patches that are applied, in the order of the series.
    left_out : mapping of str to tuple of str
        Reasons, and names of the patches that are left out for each.
    """

    version: str
    file: str
    size: int
    sha256: str
    content_sha256: str
    applied: tuple[str, ...] = ()
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Archive(Source):
    """A source archive: as Debian or the Python package index has it, else as its makers do.

    Debian packs many archives again without the files that it may not or need not have, so that
    the makers' archive has another digest. What the two have in common is the content of the
    files that the build reads: `content_sha256` is a digest over those.

    Attributes
    ----------
    package : str
        Debian's source package; empty where it comes from the index.
    suites : tuple of str
        Code names of Debian's releases that have it.
    requirement : str
        ``NAME==VERSION`` in the Python package index; empty where it comes from Debian.
    backend : str
        The build back end that the archive in the index names.
    upstream : str
        Address of the makers' own archive.
    content_sha256 : str
        Digest of the files selected by `only` and `without`, as `unpack.content_digest` makes it.
    only : tuple of str
        Paths of the folders and files that the build reads; all when empty.
    without : tuple of str
        Paths of the folders and files that are left out, because Debian's archive lacks them.
    patches : Patches or None
        Debian's patches; those of what comes from the index or is unpatched are None.
    unpatched : str
        Why none of Debian's patches is applied, where `patches` is None.
    """

    upstream: str
    content_sha256: str
    package: str = ""
    suites: tuple[str, ...] = ()
    requirement: str = ""
    backend: str = ""
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    patches: Patches | None = None
    unpatched: str = ""

    @property
    def digests(self) -> tuple[str, ...]:
        """What decides over the content of the tree that is unpacked, our edits aside."""
        patched = self.patches.content_sha256 if self.patches else ""
        return (self.content_sha256, *self.only, "without", *self.without, "patches", patched)

    @property
    def other_patches_file(self) -> str:
        """Name under which the patches of another revision are kept, beside ``patches.file``."""
        return f"{self.name}-{self.version}.patches.tar"

    @property
    def upstream_file(self) -> str:
        """Name under which the makers' archive is kept, beside `file`."""
        return f"{self.name}-{self.version}.upstream.tar.gz"

    def selects(self, path: str) -> bool:
        """Tell whether the file at `path`, below the archive's top folder, is unpacked."""
        return (not self.only or _is_below(path, self.only)) and not _is_below(path, self.without)


@dataclass(frozen=True, kw_only=True)
class PythonWheel(Source):
    """A wheel from the Python package index that pip is configured for.

    Attributes
    ----------
    package : str
        The name in the index.
    """

    package: str


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The content of ``sources.toml``."""

    archives: tuple[Archive, ...]
    wheels: tuple[PythonWheel, ...]

    @property
    def all(self) -> tuple[Source, ...]:
        """Every source, the archives first."""
        return (*self.archives, *self.wheels)

    def named(self, name: str) -> Source:
        """Return the source with our name `name`.

        Raises
        ------
        RecipeError
            When there is none.
        """
        for source in self.all:
            if source.name == name:
                return source
        raise RecipeError(f"the list of sources has no {name}", "add it")


def read_sources(path: Path) -> Sources:
    """Read the pins in the file at `path`.

    Raises
    ------
    RecipeError
        When a pin lacks a field or has one that is unknown.
    """
    with path.open("rb") as stream:
        table: dict[str, Any] = {"archives": {}, "wheels": {}, **tomllib.load(stream)}
    try:
        return Sources(
            archives=tuple(
                Archive(name=name, **_archive_fields(pin))
                for name, pin in table["archives"].items()
            ),
            wheels=tuple(
                PythonWheel(name=name, **_fields(pin)) for name, pin in table["wheels"].items()
            ),
        )
    except (TypeError, AttributeError) as error:
        raise RecipeError(f"{path}: {error}", "correct the pin") from error


def _fields(pin: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in pin.items()}


def _archive_fields(pin: dict[str, Any]) -> dict[str, Any]:
    fields = _fields(pin)
    if "patches" in fields:
        table = dict(fields["patches"])
        left_out = {reason: tuple(names) for reason, names in table.pop("left_out", {}).items()}
        fields["patches"] = Patches(**_fields(table), left_out=left_out)
    return fields


def _is_below(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)
