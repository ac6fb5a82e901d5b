"""Where the bytes of the wheel are."""

from __future__ import annotations

import json
import struct
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.components import component_totals, file_component
from benchmarks.sizes.linked import (
    largest_first,
    measure_linked,
    object_sizes,
    of_file,
    read_map,
    section_sizes,
)
from buildkit.archive import read_zip
from buildkit.errors import InputError, ResultError
from torch_build.link import MODULE

DIRECTORY = "end of the archive's directory"
"""What belongs to no file."""

LINKED_MAP = "_C.map"
"""The linker's map of the extension module, beside it."""

EXTENSION_START = f"torch/{MODULE.partition('.')[0]}."
"""How the path of the extension module begins in each artefact; Nuitka renames it."""

_EXTENSION = f"torch/{MODULE}"
_ELF = b"\x7fELF"
_LOCAL_HEADER, _LOCAL_LENGTHS, _DIRECTORY_HEADER = 30, 26, 46
"""Bytes of the headers of a zip archive's files, and where the lengths behind them stand."""


def object_roots(checkout: Path) -> tuple[Path, ...]:
    """Return the folders that PyTorch's object files are named without, as in its size report."""
    work = checkout / "build/torch"
    return work / "objects", work, checkout


def measure_wheel(wheel: Path, linked: Path, roots: Sequence[Path] = ()) -> ArtefactSizes:
    """Return the sizes of the wheel.

    Parameters
    ----------
    wheel : Path
        The wheel.
    linked : Path
        The folder in which its extension module was linked, with the map. Where it is not there
        or of another link, as when the wheel came from the build cache, the object files are
        those of ``size-report.json`` beside the wheel, and no symbols are known.
    roots : sequence of Path
        Folders that are taken off the front of the object files' paths.

    Raises
    ------
    BuildError
        When there is neither a map nor a report of this wheel; or when the wheel cannot be read.
    """
    members = read_zip(wheel)
    if _EXTENSION not in members:
        raise ResultError(f"{wheel.name} has no {_EXTENSION}", "make the wheel again")
    files = _zip_sizes(wheel)
    library = members[_EXTENSION]
    made = linked / MODULE
    if made.is_file() and made.read_bytes() == library:
        detail = measure_linked(library, read_map(linked / LINKED_MAP), roots=roots)
        objects, symbols = object_sizes(detail.pieces), detail.symbols
    else:
        objects, symbols = _reported_objects(wheel), {}
    sections: dict[str, int] = {}
    for name, content in members.items():
        if content.startswith(_ELF):
            sections |= of_file(name, section_sizes(content))
    return ArtefactSizes(
        bytes=sum(files.values()),
        components=component_totals((file_component(name), size) for name, size in files.items()),
        files=largest_first(Counter(files)),
        sections=sections,
        objects=of_file(_EXTENSION, objects),
        symbols=of_file(_EXTENSION, symbols),
    )


def _reported_objects(wheel: Path) -> dict[str, int]:
    """Return the object files that the size report of `wheel` lists."""
    report = wheel.with_name("size-report.json")
    try:
        content = json.loads(report.read_bytes())
        if content["wheel"] != wheel.stat().st_size:
            raise ValueError("it is that of another wheel")
        return {size["name"]: int(size["bytes"]) for size in content["objects"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{report} does not say where the wheel's bytes are: {error}", "run make torch"
        ) from error


def _zip_sizes(wheel: Path) -> dict[str, int]:
    """Return the bytes of each file of a zip archive, with its headers, and of `DIRECTORY`."""
    sizes = {}
    content = wheel.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            lengths = struct.unpack_from("<HH", content, info.header_offset + _LOCAL_LENGTHS)
            entry = len(info.filename.encode()) + len(info.extra) + len(info.comment)
            sizes[info.filename] = (
                _LOCAL_HEADER + sum(lengths) + info.compress_size + _DIRECTORY_HEADER + entry
            )
    sizes[DIRECTORY] = len(content) - sum(sizes.values())
    return sizes
