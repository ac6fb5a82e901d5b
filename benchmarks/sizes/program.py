"""Where the bytes of a folder with the native program are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.components import component_totals, file_component
from benchmarks.sizes.executable import divide_constants, executable_components
from benchmarks.sizes.linked import (
    LinkedSizes,
    Piece,
    largest_first,
    measure_linked,
    object_sizes,
    of_file,
    read_map,
    section_sizes,
)
from benchmarks.sizes.wheel import EXTENSION_START, LINKED_MAP
from buildkit.archive import read_folder
from buildkit.elf_sections import elf_sections
from buildkit.errors import InputError
from native_build.freeze import EXECUTABLE, LINKER_MAP
from torch_build.link import MODULE

_ELF = b"\x7fELF"


@dataclass(frozen=True, kw_only=True)
class ProgramSizes:
    """The sizes of a program's folder, and what its AppImage's are made of.

    Attributes
    ----------
    sizes : ArtefactSizes
        Of the folder.
    pieces : mapping of str to tuple of Piece
        Of each file's path to its parts with their components.
    """

    sizes: ArtefactSizes
    pieces: Mapping[str, tuple[Piece, ...]]


def measure_folder(
    folder: Path, executable_map: Path, linked: Path, roots: Sequence[Path] = ()
) -> ProgramSizes:
    """Return the sizes of the folder of a program.

    Parameters
    ----------
    folder : Path
        The folder.
    executable_map : Path
        The linker's map of its executable.
    linked : Path
        The folder in which PyTorch's extension module was linked. Where it is not there or of
        another link, the module's object files and symbols are left out.
    roots : sequence of Path
        Folders that are taken off the front of the object files' paths.

    Raises
    ------
    InputError
        When the folder or the map is missing.
    BuildError
        When a file cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"there is no program in {folder}", "run make native")
    contents = read_folder(folder)
    tables: dict[str, dict[str, int]] = {"sections": {}, "objects": {}, "symbols": {}}
    pieces: dict[str, tuple[Piece, ...]] = {}
    for name, content in contents.items():
        pieces[name] = (Piece(offset=0, size=len(content), origin=file_component(name)),)
        if content.startswith(_ELF):
            tables["sections"] |= of_file(name, section_sizes(content))
        detail = None
        if name == EXECUTABLE:
            found = measure_linked(content, read_map(executable_map))
            divided = divide_constants(content, found.pieces)
            pieces[name] = tuple(executable_components(content, divided))
            detail = LinkedSizes(pieces=tuple(divided), symbols=found.symbols)
        elif name.startswith(EXTENSION_START) and _same_code(content, linked / MODULE):
            detail = measure_linked(content, read_map(linked / LINKED_MAP), roots=roots)
        if detail is not None:
            tables["objects"] |= of_file(name, object_sizes(detail.pieces))
            tables["symbols"] |= of_file(name, detail.symbols)
    sizes = ArtefactSizes(
        bytes=sum(map(len, contents.values())),
        components=component_totals(
            (piece.origin, piece.size) for parts in pieces.values() for piece in parts
        ),
        files=largest_first(Counter({name: len(content) for name, content in contents.items()})),
        **tables,
    )
    return ProgramSizes(sizes=sizes, pieces=pieces)


def find_executable_map(executable: Path, places: Iterable[Path]) -> Path:
    """Return the linker's map of `executable`.

    Parameters
    ----------
    executable : Path
        The program.
    places : iterable of Path
        Folders with a program of that name and its map; that with the same one counts.

    Raises
    ------
    InputError
        When there is none.
    """
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


def _code(content: bytes) -> bytes:
    return b"".join(
        content[one.offset : one.offset + one.size]
        for one in elf_sections(content)
        if one.name == ".text"
    )
