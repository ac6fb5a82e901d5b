"""Which bytes of a linked file came from which object file, by the linker's map.

The file may have been edited after the link: patchelf puts sections that it changes behind all
others, and a strip takes off what is not loaded. All of that are the linker's own tables, so what
object files brought still lies where the map says.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.elf_sections import ElfSection, elf_sections
from buildkit.errors import InputError, ResultError
from buildkit.linker_map import LINKER, InputSection, LinkerMap, parse_map
from torch_build.size_components import shorten

TABLES = "linker's tables"
MERGED = "merged constants"
PADDING = "headers and padding"

SYMBOLS, LEAST_SYMBOL = 300, 1024
"""How many names of symbols are kept of a file, and the bytes that each symbol must have."""

_NAME_LENGTH, _NAME_START, _DIGEST = 160, 100, 8
"""Characters of a listed name; of a longer one, the first that are kept and those of its digest."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A range of a file.

    Attributes
    ----------
    offset, size : int
        Where it begins, and its bytes.
    origin : str
        What brought it: an object file, `TABLES`, `MERGED`, `PADDING`; later a component.
    """

    offset: int
    size: int
    origin: str


@dataclass(frozen=True, kw_only=True)
class LinkedSizes:
    """Where the bytes of a linked file are.

    Attributes
    ----------
    pieces : tuple of Piece
        All bytes of the file, in their order, each once.
    symbols : dict of str to int
        Bytes of the largest functions and variables. Those with one name, such as the copies of
        a kernel for other processors, are one entry, whose name ends with how many they are.
    """

    pieces: tuple[Piece, ...]
    symbols: dict[str, int]


def read_map(path: Path) -> LinkerMap:
    """Read a linker's map.

    Raises
    ------
    InputError
        When it is missing; or when it is no such map.
    """
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return parse_map(lines)
    except OSError as error:
        raise InputError(
            f"cannot read the linker's map {path}: {error.strerror}", "build it again"
        ) from error


def section_sizes(content: bytes) -> dict[str, int]:
    """Return the bytes of each section of an ELF file, and of `PADDING`: together all of it.

    Raises
    ------
    InputError
        When it is no such file.
    """
    sizes: Counter[str] = Counter()
    for section in elf_sections(content):
        sizes[section.name] += section.size if section.in_file else 0
    sizes[PADDING] = len(content) - sizes.total()
    return largest_first(sizes)


def measure_linked(
    content: bytes, linker_map: LinkerMap, *, roots: Sequence[Path] = ()
) -> LinkedSizes:
    """Return which bytes of the program or shared library `content` came from where.

    Parameters
    ----------
    content : bytes
        The file.
    linker_map : LinkerMap
        The map of its link.
    roots : sequence of Path
        Folders that are taken off the front of the object files' paths.

    Raises
    ------
    InputError
        When it is no ELF file, or the map is of another link.
    """
    sections = elf_sections(content)
    pieces = sorted(
        (piece for piece in _pieces(linker_map, sections, roots) if piece.size),
        key=lambda piece: (piece.offset, piece.size),
    )
    loaded = {one.name for one in sections if one.in_file and one.address}
    # Small helpers that are in each module are left out: with each more of them, the name of
    # their entry would be another, and a comparison of two builds would be about little else.
    symbols = [
        one for one in linker_map.symbols if one.output in loaded and one.size >= LEAST_SYMBOL
    ]
    sizes: Counter[str] = Counter()
    for symbol in symbols:
        sizes[symbol.name] += symbol.size
    copies = Counter(symbol.name for symbol in symbols)
    largest = list(largest_first(sizes).items())[:SYMBOLS]
    return LinkedSizes(
        pieces=tuple(_without_gaps(pieces, len(content))),
        symbols={_listed_name(name, copies[name]): size for name, size in largest},
    )


def object_sizes(pieces: Sequence[Piece]) -> dict[str, int]:
    """Return the bytes of each origin, the largest first."""
    sizes: Counter[str] = Counter()
    for piece in pieces:
        sizes[piece.origin] += piece.size
    return largest_first(sizes)


def of_file(file: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return a table of what is in `file` with its name in front, as `ArtefactSizes` has it."""
    return {f"{file}: {name}": size for name, size in sizes.items()}


def largest_first(sizes: Counter[str]) -> dict[str, int]:
    """Return what has bytes, in the order of them and then of the names."""
    ordered = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))
    return {name: size for name, size in ordered if size}


def _listed_name(name: str, copies: int) -> str:
    """Return a symbol's name without the middle of a long one, which is different all the same."""
    # Names of templates may be longer than the file that they are listed in.
    if len(name) > _NAME_LENGTH:
        start = f"{name[:_NAME_START]}..."
        end = f" #{hashlib.sha256(name.encode()).hexdigest()[:_DIGEST]}"
        name = start + name[len(start) + len(end) - _NAME_LENGTH :] + end
    return name if copies == 1 else f"{name} ({copies} of them)"


def _pieces(
    linker_map: LinkerMap, sections: Sequence[ElfSection], roots: Sequence[Path]
) -> Iterator[Piece]:
    """Yield what the sections of the file are made of; gaps in them are left out."""
    end = max((one.address + one.size for one in linker_map.inputs), default=0)
    by_name: dict[str, list[ElfSection]] = {}
    for section in sections:
        # What is not loaded the map cannot tell, and what lies behind all that it tells was moved.
        if section.in_file and (not section.address or section.address >= end):
            yield Piece(offset=section.offset, size=section.size, origin=TABLES)
        else:
            by_name.setdefault(section.name, []).append(section)
    moved = {section.name for section in sections} - set(by_name)
    for one in linker_map.inputs:
        if one.output in moved:
            continue
        for section in by_name.get(one.output, ()):
            start = one.address - section.address
            if start >= 0 and start + one.size <= section.size:
                if section.in_file:
                    origin = _origin(one, roots)
                    yield Piece(offset=section.offset + start, size=one.size, origin=origin)
                break
        else:
            # Sections of the linker's own that turned out to be empty are in the map only.
            if one.size and one.object != LINKER:
                raise _of_another_link(f"{one.output} has no room for {one.object}")


def _without_gaps(pieces: Sequence[Piece], size: int) -> Iterator[Piece]:
    """Yield `pieces` with `PADDING` between them; `size` is that of the file."""
    position = 0
    for piece in pieces:
        if piece.offset < position:
            raise _of_another_link(f"{piece.origin} lies in what another object file brought")
        if piece.offset > position:
            yield Piece(offset=position, size=piece.offset - position, origin=PADDING)
        yield piece
        position = piece.offset + piece.size
    if position > size:
        raise _of_another_link("it has more bytes than the file")
    if position < size:
        yield Piece(offset=position, size=size - position, origin=PADDING)


def _origin(one: InputSection, roots: Sequence[Path]) -> str:
    if one.object != LINKER:
        return shorten(one.object, roots)
    return MERGED if one.output.startswith(".rodata") else TABLES


def _of_another_link(reason: str) -> ResultError:
    return ResultError(f"the linker's map is not that of the file: {reason}", "build both again")
