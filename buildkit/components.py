"""What a result is made of: the description that licences and bills of materials share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from buildkit.errors import RecipeError
from buildkit.package_pins import PackagePins, read_pins
from buildkit.sources import Archive, PythonWheel, Source
from buildkit.sysroot import PINS


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is made of components.

    Attributes
    ----------
    name, version : str
        Ours.
    licence : str
        SPDX expression of everything in it.
    summary : str
        What it is, in one line.
    """

    name: str
    version: str
    licence: str
    summary: str


@dataclass(frozen=True, kw_only=True)
class Component:
    """A piece of other people's software whose code is in the result.

    Attributes
    ----------
    name, version : str
        As its makers have them.
    licence : str
        SPDX expression.
    purpose : str
        What it is needed for, in a few words.
    supplier : str
        Who publishes it.
    sha256 : str
        Digest of the archive that was fetched, in hexadecimal; empty for what another
        component contains.
    purl : str
        Package address; one without an ecosystem is derived when this is empty.
    cpe : str
        Name in the vulnerability database of the United States' NIST, where it has one.
    patches : tuple of str
        Names of Debian's patches that are applied.
    """

    name: str
    version: str
    licence: str
    purpose: str
    supplier: str
    sha256: str = ""
    purl: str = ""
    cpe: str = ""
    patches: tuple[str, ...] = ()


_ADDRESS = re.compile(
    r"https://github\.com/(?P<project>[^/]+/[^/]+)/"
    r"(?:releases/download/(?P<release>[^/]+)/.*|archive/(?:refs/tags/)?(?P<reference>.+?)\.tar\.\w+)"
)


@dataclass(frozen=True, kw_only=True)
class RuntimeLibrary:
    """A library of the sysroot, of which the result gets code.

    Attributes
    ----------
    name, licence, purpose, supplier : str
        As in `Component`.
    package : str
        Debian's package in the sysroot that has it.
    source : str
        Debian's source package of that.
    """

    name: str
    licence: str
    purpose: str
    supplier: str
    package: str
    source: str


RUNTIME_LIBRARIES: tuple[RuntimeLibrary, ...] = (
    RuntimeLibrary(
        name="libomp",
        licence="Apache-2.0 WITH LLVM-exception",
        purpose="OpenMP runtime: the threads of the kernels",
        supplier="LLVM project",
        package="libomp5-16",
        source="llvm-toolchain-16",
    ),
    RuntimeLibrary(
        name="gcc-runtime",
        licence="GPL-3.0-or-later WITH GCC-exception-3.1",
        purpose="libstdc++ and libgcc, linked statically",
        supplier="Free Software Foundation",
        package="libstdc++-10-dev",
        source="gcc-10",
    ),
)


def source_components(
    sources: Iterable[Source], contained: Mapping[str, Sequence[Component]] | None = None
) -> tuple[Component, ...]:
    """Return the components of the pinned `sources` whose code is in the result.

    Parameters
    ----------
    sources : iterable of Source
        The pins.
    contained : mapping of str to sequence of Component, optional
        What else the archive of a source has, by our name of the source.
    """
    components: list[Component] = []
    for source in sources:
        if source.ships:
            components.append(
                Component(
                    name=source.name,
                    version=source.version,
                    licence=source.licence,
                    purpose=source.purpose,
                    supplier=source.supplier,
                    sha256=source.sha256,
                    purl=_address(source),
                    patches=_patches(source),
                )
            )
            components += (contained or {}).get(source.name, ())
    return tuple(components)


def runtime_components(
    libraries: Iterable[RuntimeLibrary] = RUNTIME_LIBRARIES, pins: PackagePins | None = None
) -> tuple[Component, ...]:
    """Return the components that the sysroot brings, with its versions.

    Raises
    ------
    RecipeError
        When a library's package is not in the sysroot.
    """
    packages = {package.name: package for package in (pins or read_pins(PINS)).packages}
    components = []
    for library in libraries:
        if library.package not in packages:
            raise RecipeError(
                f"the sysroot has no package {library.package}", "add it to sysroot.toml"
            )
        package = packages[library.package]
        version = quote(package.version, safe=":")
        components.append(
            Component(
                name=library.name,
                version=package.version,
                licence=library.licence,
                purpose=library.purpose,
                supplier=library.supplier,
                sha256=package.sha256,
                purl=f"pkg:deb/debian/{library.source}@{version}?arch=source",
            )
        )
    return tuple(components)


def licence_expression(components: Iterable[Component]) -> str:
    """Return the SPDX expression of a work that holds all of `components`.

    Every licence is named once, in the order in which the components bring it.
    """
    parts: dict[str, None] = {}
    for component in components:
        for part in component.licence.split(" AND "):
            parts[f"({part})" if " OR " in part and not part.startswith("(") else part] = None
    return " AND ".join(parts)


def _patches(source: Source) -> tuple[str, ...]:
    if isinstance(source, Archive) and source.patches:
        return source.patches.applied
    return ()


def _address(source: Source) -> str:
    if isinstance(source, PythonWheel):
        return f"pkg:pypi/{source.package}@{quote(source.version, safe='')}"
    if isinstance(source, Archive) and (found := _ADDRESS.fullmatch(source.upstream)):
        reference = found["release"] or found["reference"]
        return f"pkg:github/{found['project'].lower()}@{quote(reference, safe='')}"
    return ""
