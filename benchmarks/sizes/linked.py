"""Which bytes of a linked file came from which object file, by the linker's map.

The file may have been edited after the link: patchelf puts sections that it changes behind all
others, and a strip takes off what is not loaded. All of that are the linker's own tables, so what
object files brought still lies where the map says.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from buildkit.elf_sections import ElfSection, elf_sections
from buildkit.errors import ResultError
from buildkit.linker_map import LINKER, InputSection, LinkerMap, MappedSymbol, parse_map
from torch_build.size_components import shorten

TABLES = "linker's tables"
MERGED = "merged constants"
PADDING = "headers and padding"

_ELF = b"\x7fELF"

SYMBOLS, LEAST_SYMBOL = 300, 1024
"""How many names of symbols are kept of a file, and the bytes that each symbol must have."""

_NAME_LENGTH, _NAME_START, _DIGEST = 160, 100, 8
"""Characters of a listed name; of a longer one, the first that are kept and those of its digest."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A range of a file, in bytes, and what brought it: an object file, or one of the above."""

    offset: int
    size: int
    origin: str


def read_map(path: Path) -> LinkerMap:
    """Read a linker's map; `InputError` when it is no such map."""
    with path.open(encoding="utf-8", errors="replace") as lines:
        return parse_map(lines)


def section_sizes(content: bytes) -> dict[str, int]:
    """Return the bytes of each section of an ELF file, and of `PADDING`: together all of it."""
    sizes: Counter[str] = Counter()
    for section in elf_sections(content):
        sizes[section.name] += section.size if section.in_file else 0
    sizes[PADDING] = len(content) - sizes.total()
    return largest_first(sizes)


def sections_of(contents: Mapping[str, bytes]) -> dict[str, int]:
    """Return the sections of all files of an artefact that are ELF files."""
    sizes: dict[str, int] = {}
    for name, content in contents.items():
        if content.startswith(_ELF):
            sizes |= of_file(name, section_sizes(content))
    return sizes


def measure_linked(
    content: bytes, linker_map: LinkerMap, *, roots: Sequence[Path] = ()
) -> tuple[list[Piece], dict[str, int]]:
    """Return what the program or shared library `content` is made of, by the map of its link.

    Parameters
    ----------
    roots : sequence of Path
        Folders that are taken off the front of the object files' paths.

    Returns
    -------
    pieces : list of Piece
        All bytes of the file, in their order, each once.
    symbols : dict of str to int
        Bytes of the largest functions and variables. Those with one name, such as the copies of
        a kernel for other processors, are one entry, whose name ends with how many they are.

    Raises
    ------
    BuildError
        When it is no ELF file, or the map is of another link.
    """
    sections = elf_sections(content)
    pieces = sorted(
        (piece for piece in _pieces(linker_map, sections, roots) if piece.size),
        key=lambda piece: (piece.offset, piece.size),
    )
    loaded = {one.name for one in sections if one.in_file and one.address}
    symbols = _largest_symbols(one for one in linker_map.symbols if one.output in loaded)
    return list(_without_gaps(pieces, len(content))), symbols


def _largest_symbols(symbols: Iterable[MappedSymbol]) -> dict[str, int]:
    sizes: Counter[str] = Counter()
    copies: Counter[str] = Counter()
    for symbol in symbols:
        # Small helpers that are in each module are left out: with each more of them, the name of
        # their entry would be another, and a comparison of two builds would be about little else.
        if symbol.size >= LEAST_SYMBOL:
            sizes[symbol.name] += symbol.size
            copies[symbol.name] += 1
    largest = list(largest_first(sizes).items())[:SYMBOLS]
    return {_listed_name(name, copies[name]): size for name, size in largest}


def object_sizes(pieces: Sequence[Piece]) -> dict[str, int]:
    """Return the bytes of each origin, the largest first."""
    sizes: Counter[str] = Counter()
    for piece in pieces:
        sizes[piece.origin] += piece.size
    return largest_first(sizes)


def of_file(file: str, sizes: Mapping[str, int]) -> dict[str, int]:
    """Return a table of what is in `file` with its name in front, as `ArtefactSizes` has it."""
    return {f"{file}: {name}": size for name, size in sizes.items()}


def largest_first(sizes: Mapping[str, int]) -> dict[str, int]:
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
    mapped: dict[str, list[ElfSection]] = defaultdict(list)
    for section in sections:
        # What is not loaded the map cannot tell, and what lies behind all that it tells was moved.
        if section.in_file and not 0 < section.address < end:
            yield Piece(offset=section.offset, size=section.size, origin=TABLES)
        else:
            mapped[section.name].append(section)
    moved = {section.name for section in sections} - set(mapped)
    for one in linker_map.inputs:
        place = next((to for to in mapped[one.output] if _has_room(to, one)), None)
        if place is not None and place.in_file:
            start = place.offset + one.address - place.address
            yield Piece(offset=start, size=one.size, origin=_origin(one, roots))
        # Sections of the linker's own that turned out to be empty are in the map only.
        is_lost = place is None and one.size and one.object != LINKER
        if is_lost and one.output not in moved:
            raise _of_another_link(f"{one.output} has no room for {one.object}")


def _has_room(section: ElfSection, one: InputSection) -> bool:
    start = one.address - section.address
    return 0 <= start <= section.size - one.size


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
