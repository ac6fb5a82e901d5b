"""The report of sizes that is kept with the code, ``benchmarks/sizes.json``.

A table of sections, object files or symbols that is that of an earlier file in the report, as in
two editions with the same executable, is stored as ``ARTEFACT: FILE`` and not twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.figures import ArtefactSizes
from buildkit.errors import InputError
from buildkit.files import atomic_writer

REPORT = Path("benchmarks/sizes.json")
"""Where it is, in a checkout."""

DETAILS = ("sections", "objects", "symbols")
"""The tables whose names are ``FILE: NAME``."""


def by_file(table: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Return a table of `DETAILS` as one for each file."""
    files: dict[str, dict[str, int]] = {}
    for name, size in table.items():
        file, _, rest = name.partition(": ")
        files.setdefault(file, {})[rest] = size
    return files


def write_sizes(sizes: Mapping[str, ArtefactSizes], path: Path) -> None:
    """Write the report, in the order of the artefacts and of their tables.

    Raises
    ------
    StorageError
        When the file cannot be written.
    """
    known: dict[str, dict[str, dict[str, int]]] = {name: {} for name in DETAILS}
    content: dict[str, dict[str, Any]] = {}
    for artefact, one in sizes.items():
        content[artefact] = {
            "bytes": one.bytes,
            "components": dict(one.components),
            "files": dict(one.files),
        }
        for name in DETAILS:
            stored: dict[str, Any] = {}
            for file, table in by_file(getattr(one, name)).items():
                same = (key for key, other in known[name].items() if other == table)
                stored[file] = next(same, table)
                known[name][f"{artefact}: {file}"] = table
            content[artefact][name] = stored
    # A line for each entry, so that a change of one is a change of one line.
    text = json.dumps(content, indent=0, ensure_ascii=False, separators=(",", ":"))
    with atomic_writer(path) as stream:
        stream.write(f"{text}\n".encode())


def read_sizes(path: Path) -> dict[str, ArtefactSizes]:
    """Read the report `path`; `InputError` when it is missing or no such report."""
    try:
        return parse_sizes(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} holds no sizes: {error}", "run make bench-quick") from error


def parse_sizes(text: str) -> dict[str, ArtefactSizes]:
    """Read the text that `write_sizes` wrote; `ValueError` when it is something else."""
    try:
        content: dict[str, Any] = json.loads(text)
        return {
            artefact: ArtefactSizes(
                bytes=int(one["bytes"]),
                components=one["components"],
                files=one["files"],
                **{name: _flat(content, name, one[name]) for name in DETAILS},
            )
            for artefact, one in content.items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it has another form: {error}") from error


def _flat(content: Mapping[str, Any], name: str, files: Mapping[str, Any]) -> dict[str, int]:
    sizes = {}
    for file, table in files.items():
        entries = table
        if isinstance(table, str):
            artefact, _, other = table.partition(": ")
            entries = content[artefact][name][other]
        sizes.update({f"{file}: {entry}": int(size) for entry, size in entries.items()})
    return sizes
