"""Which bytes of the native executable belong to which component.

An object file belongs to one component, but for that with Nuitka's constants: it has the bytecode
of all modules that did not become C. Of the linker's own tables, an entry that relocates belongs
to what it relocates, a string that was merged to the first variable that points at it, and the
exported symbols to Python, since nothing else is exported.
"""

from __future__ import annotations

import bisect
import itertools
import marshal
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from types import CodeType

from benchmarks.sizes.components import APPLICATION, PYTHON, module_component, object_component
from benchmarks.sizes.linked import MERGED, PADDING, TABLES, Piece
from buildkit.elf_sections import ElfSection, elf_sections
from buildkit.errors import ResultError
from torch_build.size_components import OTHER

CONSTANTS = "constants/"
"""In front of a module's name: the part that it has of Nuitka's constants."""

_BLOB = "__constants_data"
_BYTECODE = ".bytecode"
_BLOB_DATA = b"X"
_EXPORTS = (".dynsym", ".dynstr", ".gnu.hash", ".gnu.version", ".gnu.version_r")
_RELOCATIONS, _RELOCATION = ".rela.dyn", struct.Struct("<QQq")
_RELATIVE = 8
_ALIGNMENT = 64


def divide_constants(content: bytes, pieces: Iterable[Piece]) -> list[Piece]:
    """Return `pieces` with Nuitka's constants divided among the modules that they are of.

    The constants are a sequence of parts: a name that ends with a zero byte, the number of bytes
    that follow (32 bits), and these. The part ``.bytecode`` is a number (16 bits) and as many
    modules, each a letter, a number of bytes in groups of seven bits, and a code object as
    `marshal` writes it. Read off Nuitka 4.3, ``tools/data_composer/DataComposer.py``.

    `ResultError` says that they have another form: another release of Nuitka wrote them.
    """
    divided: list[Piece] = []
    for piece in pieces:
        if not piece.origin.startswith(_BLOB):
            divided.append(piece)
            continue
        try:
            divided += _parts(content[piece.offset : piece.offset + piece.size], piece.offset)
        except (ValueError, EOFError, TypeError, struct.error, IndexError) as error:
            raise ResultError(
                f"Nuitka's constants have a form that is not known: {error}",
                "mend benchmarks/sizes/executable.py",
            ) from error
    return divided


def executable_components(content: bytes, pieces: Sequence[Piece]) -> list[Piece]:
    """Return the `pieces` of `divide_constants`, all of `content`, with components as origins."""
    sections = [one for one in elf_sections(content) if one.in_file]
    starts = [piece.offset for piece in pieces]
    components = [origin_component(piece.origin) for piece in pieces]

    def owner(address: int) -> str:
        offset = _file_offset(sections, address)
        return OTHER if offset is None else components[bisect.bisect_right(starts, offset) - 1]

    relocations = _relocations(content, sections)
    strings = _pointed_strings(content, sections, relocations, owner)
    result: list[Piece] = []
    for index, piece in enumerate(pieces):
        section = _section_at(sections, piece.offset)
        if piece.origin == TABLES and section in _EXPORTS:
            result.append(replace(piece, origin=PYTHON))
        elif piece.origin == TABLES and section == _RELOCATIONS:
            for number, (target, _, _) in enumerate(relocations):
                start = piece.offset + number * _RELOCATION.size
                result.append(Piece(offset=start, size=_RELOCATION.size, origin=owner(target)))
        elif piece.origin == MERGED:
            result += _divided(piece, strings)
        else:
            # Padding is there for the sake of what follows.
            is_padding = piece.origin == PADDING and piece.size < _ALIGNMENT
            at = index + 1 if is_padding and index + 1 < len(pieces) else index
            result.append(replace(piece, origin=components[at]))
    return _joined(result)


def origin_component(origin: str) -> str:
    """Return the component of an origin, without what the executable tells of it.

    The origin is one of `divide_constants`: an object file, `CONSTANTS` with a module; or `TABLES`,
    `MERGED` or `PADDING`, which belong to none.
    """
    if origin.startswith(CONSTANTS):
        name = origin.removeprefix(CONSTANTS)
        # What several modules have in common; all that are compiled are the program's.
        return module_component(name) if name else APPLICATION
    return OTHER if origin in {TABLES, MERGED, PADDING} else object_component(origin)


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Return `pieces` with neighbours of one origin as one."""
    result = []
    some = (piece for piece in pieces if piece.size)
    for _, group in itertools.groupby(some, key=lambda piece: piece.origin):
        first, *others = group
        size = first.size + sum(piece.size for piece in others)
        result.append(replace(first, size=size))
    return result


def _parts(blob: bytes, offset: int) -> Iterator[Piece]:
    position = 0
    # The end of the section is filled with zeros.
    while position < len(blob) and blob[position:].strip(b"\0"):
        name_end = blob.index(b"\0", position)
        name = blob[position:name_end].decode()
        (size,) = struct.unpack_from("<I", blob, name_end + 1)
        start = name_end + 5
        end = start + size
        if end > len(blob):
            raise ValueError(f"the part {name} ends behind them")
        if name == _BYTECODE:
            yield from _modules(blob, position, start, end, offset)
        else:
            yield Piece(offset=offset + position, size=end - position, origin=CONSTANTS + name)
        position = end
    if position < len(blob):
        yield Piece(offset=offset + position, size=len(blob) - position, origin=PADDING)


def _modules(blob: bytes, begin: int, start: int, end: int, offset: int) -> Iterator[Piece]:
    """Yield the modules of the part that begins at `begin`; its head goes with the first."""
    (count,) = struct.unpack_from("<H", blob, start)
    position = start + 2
    for index in range(count):
        if blob[position : position + 1] != _BLOB_DATA:
            raise ValueError(f"module {index} begins with {blob[position : position + 1]!r}")
        size, shift = 0, 0
        while True:
            position += 1
            size |= (blob[position] & 127) << shift
            shift += 7
            if blob[position] < 128:
                break
        position += 1
        code = marshal.loads(blob[position : position + size])  # noqa: S302 - our own build's
        if not isinstance(code, CodeType):
            raise TypeError(f"module {index} is no code")
        position += size
        last = end if index == count - 1 else position
        yield Piece(offset=offset + begin, size=last - begin, origin=CONSTANTS + code.co_filename)
        begin = position


def _relocations(content: bytes, sections: Iterable[ElfSection]) -> list[tuple[int, ...]]:
    """Return of each entry the address that it changes, its kind, and what it puts there."""
    for one in sections:
        if one.name == _RELOCATIONS:
            return [*_RELOCATION.iter_unpack(content[one.offset : one.offset + one.size])]
    return []


def _pointed_strings(
    content: bytes,
    sections: Sequence[ElfSection],
    relocations: Iterable[tuple[int, ...]],
    owner: Callable[[int], str],
) -> list[Piece]:
    """Return the strings in ``.rodata`` that variables point at, with the first one's component."""
    strings: dict[int, str] = {}
    for target, kind, pointed in relocations:
        start = _file_offset(sections, pointed) if kind == _RELATIVE else None
        if start is not None and _section_at(sections, start) == ".rodata":
            strings.setdefault(start, owner(target))
    return [
        Piece(offset=start, size=content.index(b"\0", start) + 1 - start, origin=component)
        for start, component in sorted(strings.items())
    ]


def _divided(piece: Piece, strings: Sequence[Piece]) -> Iterator[Piece]:
    """Yield the parts of merged constants: the `strings` in it, and what lies between them."""
    position, end = piece.offset, piece.offset + piece.size
    first = bisect.bisect_left(strings, position, key=lambda one: one.offset)
    for one in itertools.takewhile(lambda one: one.offset < end, strings[first:]):
        # The end of a string may be another one.
        start, stop = max(position, one.offset), min(end, one.offset + one.size)
        if start < stop:
            yield Piece(offset=position, size=start - position, origin=OTHER)
            yield Piece(offset=start, size=stop - start, origin=one.origin)
            position = stop
    yield Piece(offset=position, size=end - position, origin=OTHER)


def _section_at(sections: Iterable[ElfSection], offset: int) -> str:
    """Return the name of the section at a place in the file, or nothing."""
    return next((one.name for one in sections if 0 <= offset - one.offset < one.size), "")


def _file_offset(sections: Iterable[ElfSection], address: int) -> int | None:
    for one in sections:
        if one.address and 0 <= address - one.address < one.size:
            return one.offset + address - one.address
    return None
