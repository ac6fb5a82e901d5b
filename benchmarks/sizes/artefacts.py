"""Where the bytes of what is given away are: of the wheel, the program's folders, the AppImages.

The components of an artefact add up to its bytes, as do its files. Both count what the bytes are
there: compressed in the wheel and in an AppImage, as they are in a folder. Sections, object files
and symbols are of the files as they are loaded.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.appimage import measure_appimage
from benchmarks.sizes.components import component_totals, file_component
from benchmarks.sizes.executable import divide_constants, executable_components
from benchmarks.sizes.kept_link import LINKED_MAP, find_link
from benchmarks.sizes.linked import (
    Piece,
    largest_first,
    measure_linked,
    object_sizes,
    of_file,
    read_map,
    sections_of,
)
from buildkit.archive import read_folder, read_zip
from buildkit.elf_sections import elf_sections
from buildkit.errors import InputError, ResultError
from buildkit.places import build_cache
from native_build.editions import EDITIONS
from native_build.freeze import EXECUTABLE, LINKER_MAP
from torch_build.link import MODULE

WHEEL = "wheel"

DIRECTORY = "end of the archive's directory"
"""What belongs to no file of the wheel."""

_EXTENSION = f"torch/{MODULE}"
_EXTENSION_START = f"torch/{MODULE.partition('.')[0]}."
"""How the path of the extension module begins in each artefact; Nuitka renames it."""

_DIRECTORY_HEADER = 46
"""Bytes of a file's entry in a zip archive's directory, but for texts."""


def folder_name(edition: str) -> str:
    """Return the artefact's name: the folder of an edition's program."""
    return f"{edition} folder"


def appimage_name(edition: str) -> str:
    """Return the artefact's name: the AppImage of an edition."""
    return f"{edition} AppImage"


def object_roots(checkout: Path) -> tuple[Path, ...]:
    """Return the folders that PyTorch's object files are named without, as in its size report."""
    work = checkout / "build/torch"
    return work / "objects", work, checkout


def measure_sizes(checkout: Path) -> dict[str, ArtefactSizes]:
    """Return the sizes of all that was built in `checkout`, by the artefacts' names.

    Raises
    ------
    BuildError
        When something is not built, cannot be read, or is not of what lies beside it.
    """
    wheels = sorted((checkout / "dist").glob("torch-*.whl"))
    if len(wheels) != 1:
        raise InputError(f"there are {len(wheels)} wheels in {checkout / 'dist'}", "run make")
    library = read_zip(wheels[0]).get(_EXTENSION, b"")
    link = find_link(library, checkout, build_cache() / "torch-link")
    linked, roots = link.folder, object_roots(link.checkout)
    kept = sorted((build_cache() / "native").glob("frozen-*"))
    frozen = [checkout / "build/native/frozen/transcriber.dist", *kept]
    sizes = {WHEEL: measure_wheel(wheels[0], linked, roots)}
    for name, edition in EDITIONS.items():
        folder = checkout / "build/native/program" / name
        executable_map = find_executable_map(folder / EXECUTABLE, frozen)
        sizes[folder_name(name)], pieces = measure_folder(folder, executable_map, linked, roots)
        appimage = checkout / "dist" / edition.appimage
        sizes[appimage_name(name)] = measure_appimage(appimage, folder, pieces)
    return sizes


def lacks_details(sizes: Mapping[str, ArtefactSizes]) -> bool:
    """Tell whether the wheel, or the folder of a program, has no symbols of PyTorch's module.

    So it is where PyTorch came from the build cache, and was never measured where it was linked.
    """
    looked_into = {WHEEL, *map(folder_name, EDITIONS)} & sizes.keys()
    return not all(
        any(name.startswith(_EXTENSION_START) for name in sizes[artefact].symbols)
        for artefact in looked_into
    )


def measure_wheel(wheel: Path, linked: Path, roots: Sequence[Path] = ()) -> ArtefactSizes:
    """Return the sizes of the wheel, whose extension module was linked in `linked`.

    Where that is not there or of another link, as when the wheel came from the build cache, the
    object files are those of ``size-report.json`` beside the wheel, and no symbols are known.

    Raises
    ------
    BuildError
        When there is neither a map nor a report of this wheel; or when the wheel cannot be read.
    """
    members = read_zip(wheel)
    if _EXTENSION not in members:
        raise ResultError(f"{wheel.name} has no {_EXTENSION}", "make the wheel again")
    library, made = members[_EXTENSION], linked / MODULE
    if made.is_file() and made.read_bytes() == library:
        pieces, symbols = measure_linked(library, read_map(linked / LINKED_MAP), roots=roots)
        objects = object_sizes(pieces)
    else:
        objects, symbols = _reported_objects(wheel), {}
    files = _zip_sizes(wheel)
    return ArtefactSizes(
        bytes=sum(files.values()),
        components=component_totals((file_component(name), size) for name, size in files.items()),
        files=largest_first(files),
        sections=sections_of(members),
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
    with zipfile.ZipFile(wheel) as archive:
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
        ends = [*(info.header_offset for info in infos[1:]), archive.start_dir]
    sizes = {}
    for info, end in zip(infos, ends, strict=True):
        entry = len(info.filename.encode()) + len(info.extra) + len(info.comment)
        sizes[info.filename] = end - info.header_offset + _DIRECTORY_HEADER + entry
    sizes[DIRECTORY] = wheel.stat().st_size - sum(sizes.values())
    return sizes


def measure_folder(
    folder: Path, executable_map: Path, linked: Path, roots: Sequence[Path] = ()
) -> tuple[ArtefactSizes, dict[str, Sequence[Piece]]]:
    """Return the sizes of the folder of a program, and the components of each file's parts.

    `executable_map` is the linker's map of its executable. Where PyTorch's extension module was
    not linked in `linked`, its object files and symbols are left out.

    Raises
    ------
    BuildError
        When the folder or the map is missing, or a file cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"there is no program in {folder}", "run make native")
    contents = read_folder(folder)
    objects: dict[str, int] = {}
    symbols: dict[str, int] = {}
    pieces: dict[str, Sequence[Piece]] = {}
    for name, content in contents.items():
        pieces[name] = [Piece(offset=0, size=len(content), origin=file_component(name))]
        if name == EXECUTABLE:
            parts, largest = measure_linked(content, read_map(executable_map))
            parts = divide_constants(content, parts)
            pieces[name] = executable_components(content, parts)
        elif name.startswith(_EXTENSION_START) and _same_code(content, linked / MODULE):
            parts, largest = measure_linked(content, read_map(linked / LINKED_MAP), roots=roots)
        else:
            continue
        objects |= of_file(name, object_sizes(parts))
        symbols |= of_file(name, largest)
    files = {name: len(content) for name, content in contents.items()}
    sizes = ArtefactSizes(
        bytes=sum(files.values()),
        components=component_totals(
            (piece.origin, piece.size) for parts in pieces.values() for piece in parts
        ),
        files=largest_first(files),
        sections=sections_of(contents),
        objects=objects,
        symbols=symbols,
    )
    return sizes, pieces


def find_executable_map(executable: Path, places: Iterable[Path]) -> Path:
    """Return the linker's map of `executable`, from the first place with the same program."""
    if not executable.is_file():
        raise InputError(f"there is no {executable}", "run make native")
    content = executable.read_bytes()
    for place in places:
        made, linker_map = place / executable.name, place / LINKER_MAP
        if made.is_file() and linker_map.is_file() and made.read_bytes() == content:
            return linker_map
    raise InputError(f"there is no linker's map of {executable}", "run make native")


def _same_code(content: bytes, other: Path) -> bool:
    """Tell whether a library was made of `other`: patchelf edits all but the code."""
    return other.is_file() and _code(content) == _code(other.read_bytes())


def _code(content: bytes) -> list[bytes]:
    return [
        content[one.offset : one.offset + one.size]
        for one in elf_sections(content)
        if one.name == ".text"
    ]
