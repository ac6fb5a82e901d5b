"""Say what a release was built from: an in-toto statement with the predicate of SLSA provenance.

Formats: in-toto Statement v1, and SLSA Provenance v1 (``slsa.dev/provenance/v1``). Whoever builds
the same revision gets the same files (``make verify-release``), so nothing is told of the machine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from buildkit.errors import InputError
from buildkit.files import atomic_writer
from buildkit.package_pins import read_pins
from buildkit.places import CHECKOUT
from buildkit.sources import Archive, Source, read_sources
from buildkit.sysroot import PINS as SYSROOT
from release.common.artefacts import Artefact
from release.common.description import Description
from scripts.layout import NATIVE, RECIPE

ENDING = ".intoto.json"

BUILD_TYPE = "urn:whisper-transcriber:make-release:v1"
"""What the parameters mean: settings of ``make release``."""

BUILDER = "urn:whisper-transcriber:own-machine"
"""Nobody but the publisher vouches for the machine; the statement says so by this name."""

REQUIREMENTS = (
    *("requirements/build.txt", "requirements/program.txt", "requirements/tools.txt"),
    *("native-build/requirements.txt", "native-build/appimage-requirements.txt"),
)
"""What pip fetches for a build."""

_REQUIREMENT = re.compile(
    r"^([\w.-]+)==([\w.!+-]+) \\\n((?: +--hash=sha256:[0-9a-f]{64}.*\n)+)", re.M
)
_HASH = re.compile("sha256:([0-9a-f]{64})")

Dependency = Mapping[str, Any]
"""A ResourceDescriptor of in-toto's: uri, digest and, for some, a name."""


def dependencies(checkout: Path = CHECKOUT) -> list[Dependency]:
    """Return everything that is pinned by its digest and fetched for a build."""
    found = [
        each
        for path in (RECIPE, NATIVE)
        for one in _sources(path, checkout)
        for each in _source(one)
    ]
    sysroot = read_pins(checkout / SYSROOT.relative_to(CHECKOUT))
    found += [
        _dependency(f"pkg:deb/debian/{one.name}@{quote(one.version, safe=':')}", one.sha256)
        for one in sysroot.packages
    ]
    for name in REQUIREMENTS:
        found += _requirements((checkout / name).read_text(encoding="utf-8"))
    unique = {json.dumps(one, sort_keys=True): one for one in found}
    return [unique[key] for key in sorted(unique)]


def make_statement(
    artefacts: Sequence[Artefact], commit: str, settings: Mapping[str, str]
) -> dict[str, Any]:
    """Return the statement about what is given away.

    Parameters
    ----------
    artefacts : sequence of Artefact
        Its subjects.
    commit : str
        The revision of the sources, in hexadecimal.
    settings : mapping of str to str
        What was set for the build and can be seen in it; those that are empty are left out.

    Examples
    --------
    >>> make_statement([], "a" * 40, {})["predicateType"]
    'https://slsa.dev/provenance/v1'
    """
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": one.name, "digest": {"sha256": one.sha256}}
            for one in sorted(artefacts, key=lambda one: one.name)
        ],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "revision": commit,
                    **{name: text for name, text in sorted(settings.items()) if text},
                },
                "internalParameters": {},
                "resolvedDependencies": [
                    {"name": "sources", "digest": {"gitCommit": commit}},
                    *dependencies(),
                ],
            },
            "runDetails": {"builder": {"id": BUILDER}},
        },
    }


def statement_path(folder: Path, description: Description) -> Path:
    """Return where the statement about a release is, in the folder of its files."""
    return folder / f"{description.name}-{description.version}{ENDING}"


def read_revision(folder: Path, description: Description) -> str:
    """Return the commit that the statement of a release names.

    Raises
    ------
    InputError
        When there is no such statement.
    """
    path = statement_path(folder, description)
    try:
        definition = json.loads(path.read_bytes())["predicate"]["buildDefinition"]
        return str(definition["externalParameters"]["revision"])
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} tells no revision: {error}", "make the release again") from error


def write_statement(statement: Mapping[str, Any], path: Path) -> Path:
    """Write a statement as JSON to `path`, and return that."""
    with atomic_writer(path) as stream:
        stream.write((json.dumps(statement, indent=1) + "\n").encode())
    return path


def _sources(recipe: Path, checkout: Path) -> Iterable[Source]:
    return read_sources(checkout / recipe.relative_to(CHECKOUT) / "sources.toml").all


def _source(source: Source) -> Iterator[Dependency]:
    kind = "pypi" if not isinstance(source, Archive) or source.requirement else "generic"
    address = f"pkg:{kind}/{quote(source.name, safe='')}@{quote(source.version, safe=':')}"
    yield _dependency(address, source.sha256)
    if isinstance(source, Archive) and source.patches:
        patches = source.patches
        name = f"{source.package}@{quote(patches.version, safe=':')}"
        yield _dependency(f"pkg:deb/debian/{name}?arch=source", patches.sha256)


def _requirements(text: str) -> list[Dependency]:
    return [
        _dependency(f"pkg:pypi/{name.lower()}@{quote(version, safe='')}", digest)
        for name, version, hashes in _REQUIREMENT.findall(f"{text}\n")
        for digest in _HASH.findall(hashes)
    ]


def _dependency(address: str, sha256: str) -> Dependency:
    return {"uri": address, "digest": {"sha256": sha256}}
