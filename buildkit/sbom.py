"""Write a bill of materials: CycloneDX 1.6 in JSON.

The standard's time stamp is left out and its serial number derived from the content, so that
the same components give the same bytes.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from buildkit.archive import Members, read_folder
from buildkit.components import Component, Subject
from buildkit.errors import RecipeError
from buildkit.files import atomic_writer

_SERIAL_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/schema/bom-1.6")

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


def package_url(component: Component) -> str:
    """Return the package address of `component`: its own, or one that names no ecosystem."""
    if component.purl:
        return component.purl
    address = f"pkg:generic/{quote(component.name, safe='')}@{quote(component.version, safe=':')}"
    return f"{address}?checksum=sha256:{component.sha256}" if component.sha256 else address


def make_sbom(
    components: tuple[Component, ...],
    subject: Subject,
    package: Members,
    *,
    kind: str = "library",
) -> bytes:
    """Return the bill of materials of a wheel, or of a program.

    Parameters
    ----------
    components : tuple of Component
        Whose code is in it.
    subject : Subject
        The wheel or the program.
    package : Members
        Its files; the shared libraries among them are listed with their digests.
    kind : str
        CycloneDX's word for what it is: ``library`` or ``application``.

    Raises
    ------
    RecipeError
        When there is no component, or two have one package address.
    """
    if not components:
        raise RecipeError("the bill of materials has no components", "name the sources")
    described = sorted((_describe(component) for component in components), key=_reference)
    references = [_reference(entry) for entry in described]
    for first, second in itertools.pairwise(references):
        if first == second:
            raise RecipeError(f"{first} is in the list of components twice", "merge them")
    # Not the ecosystem pypi: the package of this name there is another one.
    address = f"pkg:generic/{subject.name}@{quote(subject.version, safe='')}"
    content: dict[str, Any] = {
        "metadata": {
            "component": {
                "type": kind,
                "bom-ref": address,
                "name": subject.name,
                "version": subject.version,
                "description": subject.summary,
                "licenses": [{"expression": subject.licence}],
                "purl": address,
                "components": [
                    {
                        "type": "file",
                        "bom-ref": name,
                        "name": name,
                        "hashes": [_hash(hashlib.sha256(library).hexdigest())],
                    }
                    for name, library in sorted(package.items())
                    if ".so" in name.rpartition("/")[2]
                ],
            }
        },
        "components": described,
        "dependencies": [
            {"ref": address, "dependsOn": references},
            *({"ref": reference} for reference in references),
        ],
    }
    serial = uuid.uuid5(_SERIAL_NAMESPACE, json.dumps(content, sort_keys=True))
    bill = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        **content,
    }
    return (json.dumps(bill, indent=1, ensure_ascii=False) + "\n").encode()


def write_sbom(
    path: Path, components: tuple[Component, ...], *, subject: Subject, stage: Path
) -> None:
    """Write the bill of materials of the wheel that is made of `stage` to `path`.

    Parameters
    ----------
    path : Path
        The file to create or to replace.
    components, subject
        As for `make_sbom`.
    stage : Path
        The folder that holds the package's folder.

    Raises
    ------
    RecipeError
        As from `make_sbom`.
    StorageError
        When the file cannot be written.
    """
    content = make_sbom(components, subject, read_folder(stage))
    with atomic_writer(path) as stream:
        stream.write(content)


def _describe(component: Component) -> dict[str, Any]:
    address = package_url(component)
    entry: dict[str, Any] = {
        "type": "library",
        "bom-ref": address,
        "supplier": {"name": component.supplier},
        "name": component.name,
        "version": component.version,
        "description": component.purpose,
        "scope": "required",
        "licenses": [{"expression": component.licence}],
    }
    if component.sha256:
        entry["hashes"] = [_hash(component.sha256)]
    if component.cpe:
        entry["cpe"] = component.cpe
    entry["purl"] = address
    if component.patches:
        entry["pedigree"] = {"patches": [_patch(name) for name in component.patches]}
    return entry


def _patch(name: str) -> dict[str, Any]:
    """Describe one of Debian's patches by its place in the source package."""
    advisories = sorted(set(_CVE.findall(name)))
    entry: dict[str, Any] = {
        "type": "backport" if advisories else "unofficial",
        "diff": {"url": f"debian/patches/{quote(name)}"},
    }
    if advisories:
        entry["resolves"] = [{"type": "security", "id": identifier} for identifier in advisories]
    return entry


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def _reference(entry: Mapping[str, Any]) -> str:
    return str(entry["bom-ref"])
