"""Write an index of wheels as static files, from which pip and uv install.

Formats: the simple repository API of Python packages, in HTML and JSON, version 1.3 (PEP 503, 592,
629, 658, 691, 700, 714, 740).
"""

from __future__ import annotations

import email
import hashlib
import html
import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from buildkit.errors import InputError, ResultError
from buildkit.files import atomic_writer, copy_whole
from release.common.artefacts import Artefact, read_artefact

VERSION = "1.3"

_OTHERS = frozenset({"torch"})
"""Names that belong to others: such a wheel must be one that the public index refuses."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A wheel in the index.

    Attributes
    ----------
    artefact : Artefact
        The wheel.
    project : str
        Its name, normalised.
    version : Version
        Its version.
    metadata : bytes
        What it says about itself, to be had without the wheel.
    requires_python : str
        The versions of Python that it is for.
    provenance : Path or None
        A file that says how it was made, where there is one.
    """

    artefact: Artefact
    project: str
    version: Version
    metadata: bytes
    requires_python: str
    provenance: Path | None = None


def write_python_index(
    wheels: Sequence[Path], output: Path, provenance: Mapping[Path, Path] | None = None
) -> Path:
    """Write the index of `wheels` below `output`.

    Parameters
    ----------
    wheels : sequence of Path
        What it offers.
    output : Path
        The folder that gets ``simple/``; one that is there already is written anew.
    provenance : mapping of Path to Path, optional
        For a wheel, the file that says how it was made. It is laid beside the wheel, and the pages
        name it when it has the form of PEP 740.

    Returns
    -------
    Path
        ``simple/``, whose address is what ``--index-url`` takes.

    Raises
    ------
    InputError
        When a wheel cannot be read.
    ResultError
        When a wheel with a name that belongs to others could get into the public index.
    StorageError
        When the index cannot be written.
    """
    given = provenance or {}
    entries = sorted(
        (read_entry(wheel, given.get(wheel)) for wheel in wheels),
        key=lambda entry: (entry.project, entry.version, entry.artefact.name),
    )
    simple = output / "simple"
    shutil.rmtree(simple, ignore_errors=True)
    projects = {name: list(group) for name, group in groupby(entries, lambda one: one.project)}
    links = [f'<a href="{name}/">{name}</a>' for name in projects]
    listed = [{"name": name} for name in projects]
    _write_pages(simple, "Projects", links, {"projects": listed})
    for name, found in projects.items():
        for entry in found:
            _lay_down(entry, simple / name)
        versions = {str(entry.version): None for entry in found}
        data = {"name": name, "versions": [*versions], "files": [_json(one) for one in found]}
        _write_pages(simple / name, name, [_anchor(one) for one in found], data)
    return simple


def read_entry(wheel: Path, provenance: Path | None = None) -> Entry:
    """Return `wheel` as the index has it.

    Raises
    ------
    InputError
        When it is no wheel, or its name is not what it says about itself.
    ResultError
        When it has a name that belongs to others and the public index would take it.
    """
    try:
        project, version, *_ = parse_wheel_filename(wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            folder = "-".join(wheel.name.split("-")[:2])
            metadata = archive.read(f"{folder}.dist-info/METADATA")
    except (OSError, KeyError, InvalidWheelFilename, zipfile.BadZipFile) as error:
        raise InputError(f"cannot read {wheel}: {error}", "make it again") from error
    fields = email.message_from_bytes(metadata)
    said = canonicalize_name(fields.get("Name", "")), fields.get("Version", "")
    if said != (project, str(version)):
        raise InputError(f"{wheel} is {' '.join(said)} inside", "give it back its name")
    if project in _OTHERS and not is_refused(metadata):
        raise ResultError(
            f"{wheel} could get into the public index under a name that belongs to others",
            "give its version a local part, as 2.6.0+whisper.cpu has",
        )
    return Entry(
        artefact=read_artefact(wheel),
        project=project,
        version=version,
        metadata=metadata,
        requires_python=fields.get("Requires-Python", ""),
        provenance=provenance,
    )


def is_refused(metadata: bytes) -> bool:
    r"""Tell whether the public index refuses an upload of a wheel that says this about itself.

    It takes no version with a local part, and no classifier that begins with ``Private ::``
    (``warehouse/forklift/metadata.py``).

    Examples
    --------
    >>> is_refused(b"Name: torch\nVersion: 2.6.0+whisper.cpu\n")
    True
    """
    fields = email.message_from_bytes(metadata)
    private = any(one.startswith("Private ::") for one in fields.get_all("Classifier", []))
    return private or Version(fields["Version"]).local is not None


def is_attestation(content: bytes) -> bool:
    """Return whether `content` is a provenance object as PEP 740 defines it.

    Examples
    --------
    >>> is_attestation(b'{"version": 1, "attestation_bundles": []}')
    True
    """
    try:
        data = json.loads(content)
    except ValueError:
        return False
    return isinstance(data, dict) and data.get("version") == 1 and "attestation_bundles" in data


def _lay_down(entry: Entry, folder: Path) -> None:
    copy_whole(entry.artefact.path, folder / entry.artefact.name)
    _write(folder / f"{entry.artefact.name}.metadata", entry.metadata)
    if entry.provenance:
        copy_whole(entry.provenance, folder / entry.provenance.name)


def _json(entry: Entry) -> dict[str, Any]:
    digest = {"sha256": hashlib.sha256(entry.metadata).hexdigest()}
    return {
        "filename": entry.artefact.name,
        "url": quote(entry.artefact.name),
        "size": entry.artefact.size,
        "hashes": {"sha256": entry.artefact.sha256},
        **({"requires-python": entry.requires_python} if entry.requires_python else {}),
        # The second name is that of PEP 658, which older readers know.
        "core-metadata": digest,
        "dist-info-metadata": digest,
        **({"provenance": quote(named)} if (named := _named_provenance(entry)) else {}),
    }


def _anchor(entry: Entry) -> str:
    data = _json(entry)
    digest = f"sha256={data['core-metadata']['sha256']}"
    attributes = {
        "href": f"{data['url']}#sha256={entry.artefact.sha256}",
        "data-requires-python": entry.requires_python,
        "data-core-metadata": digest,
        "data-dist-info-metadata": digest,
        "data-provenance": data.get("provenance", ""),
    }
    words = [f'{name}="{html.escape(text)}"' for name, text in attributes.items() if text]
    return f"<a {' '.join(words)}>{html.escape(entry.artefact.name)}</a>"


def _named_provenance(entry: Entry) -> str:
    named = entry.provenance and is_attestation(entry.provenance.read_bytes())
    return entry.provenance.name if entry.provenance and named else ""


def _write_pages(folder: Path, title: str, links: Sequence[str], data: Mapping[str, Any]) -> None:
    lines = "".join(f"    {link}<br>\n" for link in links)
    page = (
        "<!DOCTYPE html>\n<html>\n  <head>\n"
        f'    <meta name="pypi:repository-version" content="{VERSION}">\n'
        f"    <title>{title}</title>\n  </head>\n  <body>\n{lines}  </body>\n</html>\n"
    )
    _write(folder / "index.html", page.encode())
    whole = {"meta": {"api-version": VERSION}, **data}
    _write(folder / "index.json", (json.dumps(whole, indent=1) + "\n").encode())


def _write(path: Path, content: bytes) -> None:
    with atomic_writer(path) as stream:
        stream.write(content)
