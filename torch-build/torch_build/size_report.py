"""Where the wheel's bytes are: by file, component, section, object file and symbol.

Everything is counted in the finished wheel. What the shared library's bytes are comes from the
linker's map, and the parts add up to the whole: what no object file brought is the linker's own
tables or padding. The same wheel and map give the same report.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from buildkit.archive import Members, make_tar, read_zip, xz_size
from buildkit.elf_sections import ElfSection, elf_sections
from buildkit.errors import InputError, ResultError
from buildkit.files import atomic_writer
from buildkit.linker_map import LINKER, InputSection, LinkerMap, parse_map
from torch_build.size_components import FILE_RULES, OBJECT_RULES, Rule, component_of, shorten
from torch_build.size_tables import Size, SizeReport, render

_TABLES = "linker's tables"
_CONSTANTS = "merged constants"
_PADDING = "headers and padding"
_SYMBOLS = 50
_NAME_LENGTH = 240
_EXTENSION = re.compile(r"[^/]+/_C[^/]*\.so")


def write_size_report(
    wheel: Path,
    linker_map: Path,
    output: Path,
    *,
    roots: Sequence[Path] = (),
    rules: Sequence[Rule] = OBJECT_RULES,
) -> SizeReport:
    """Write ``size-report.json`` and ``size-report.md`` to the folder `output`.

    Parameters
    ----------
    wheel : Path
        The wheel.
    linker_map : Path
        What the linker wrote with ``-Map`` when it made the extension module; stripping may
        follow, another link may not.
    output : Path
        The folder for the report.
    roots : sequence of Path
        Folders that are taken off the front of the object files' paths.
    rules : sequence of Rule
        Components of the object files.

    Raises
    ------
    BuildError
        When the wheel or the map is missing or cannot be read, or the map is of another link.
    StorageError
        When the report cannot be written.
    """
    try:
        with linker_map.open(encoding="utf-8", errors="replace") as lines:
            parsed = parse_map(lines)
    except OSError as error:
        raise InputError(
            f"cannot read the linker's map {linker_map}: {error.strerror}", "link again"
        ) from error
    members = read_zip(wheel)
    report = measure(members, parsed, wheel.stat().st_size, roots=roots, rules=rules)
    with atomic_writer(output / "size-report.json") as stream:
        stream.write((json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n").encode())
    with atomic_writer(output / "size-report.md") as stream:
        stream.write(render(report, wheel.name).encode())
    return report


def measure(
    members: Members,
    linker_map: LinkerMap,
    wheel_bytes: int,
    *,
    roots: Sequence[Path] = (),
    rules: Sequence[Rule] = OBJECT_RULES,
) -> SizeReport:
    """Return the sizes of a wheel that has `wheel_bytes` bytes and holds `members`."""
    extensions = [name for name in members if _EXTENSION.fullmatch(name)]
    if len(extensions) != 1:
        raise ResultError(
            f"the wheel has {len(extensions)} extension modules _C", "make the wheel again"
        )
    library = members[extensions[0]]
    sections = elf_sections(library)

    objects: Counter[str] = Counter()
    # What belongs to a component, in the order of the file, to be compressed together.
    pieces: dict[str, list[bytes]] = {}
    for name, offset, size in _pieces(linker_map, sections, roots):
        objects[name] += size
        component = name if name in {_TABLES, _CONSTANTS} else component_of(name, rules)
        pieces.setdefault(component, []).append(library[offset : offset + size])
    objects[_PADDING] = len(library) - objects.total()
    if objects[_PADDING] < 0:
        raise _of_another_link("it has more bytes than the library")

    for name, content in members.items():
        if name != extensions[0]:
            pieces.setdefault(component_of(name, FILE_RULES), []).append(content)
    components = [
        Size(name=name, bytes=sum(map(len, parts)), packed=xz_size(b"".join(parts)))
        for name, parts in pieces.items()
    ]
    components.append(Size(name=_PADDING, bytes=objects[_PADDING]))

    in_sections: Counter[str] = Counter()
    for section in sections:
        in_sections[section.name] += section.size if section.in_file else 0
    in_sections[_PADDING] = len(library) - in_sections.total()
    in_file = {section.name for section in sections if section.in_file and section.address}
    symbols = sorted(
        (symbol for symbol in linker_map.symbols if symbol.output in in_file),
        key=lambda symbol: (-symbol.size, symbol.name),
    )
    return SizeReport(
        wheel=wheel_bytes,
        unpacked=sum(map(len, members.values())),
        packed=xz_size(make_tar(members)),
        files=_largest_first(
            Size(name=name, bytes=len(content), packed=xz_size(content))
            for name, content in members.items()
        ),
        components=_largest_first(components),
        sections=_largest_first(_counted(in_sections)),
        objects=_largest_first(_counted(objects)),
        memory_only=sum(section.size for section in sections if not section.in_file),
        symbols=tuple(
            Size(name=_symbol_name(symbol.name, symbol.others), bytes=symbol.size)
            for symbol in symbols[:_SYMBOLS]
        ),
    )


def _pieces(
    linker_map: LinkerMap, sections: Sequence[ElfSection], roots: Sequence[Path]
) -> Iterator[tuple[str, int, int]]:
    """Yield the origin, the offset in the file and the size of each piece of the library."""
    by_name: dict[str, list[ElfSection]] = {}
    for section in sections:
        by_name.setdefault(section.name, []).append(section)
        if not section.address and section.in_file:
            # Notes and tables for other tools; stripping changes them, so the map cannot tell.
            yield _TABLES, section.offset, section.size
    for piece in linker_map.inputs:
        for section in by_name.get(piece.output, ()):
            start = piece.address - section.address
            if start >= 0 and start + piece.size <= section.size:
                if section.in_file:
                    yield _origin(piece, roots), section.offset + start, piece.size
                break
        else:
            # Sections of the linker's own that turned out to be empty are in the map only.
            if piece.size and piece.object != LINKER:
                raise _of_another_link(f"{piece.output} has no room for {piece.object}")


def _origin(piece: InputSection, roots: Sequence[Path]) -> str:
    if piece.object != LINKER:
        return shorten(piece.object, roots)
    return _CONSTANTS if piece.output.startswith(".rodata") else _TABLES


def _counted(sizes: Mapping[str, int]) -> list[Size]:
    return [Size(name=name, bytes=size) for name, size in sizes.items()]


def _largest_first(sizes: Iterable[Size]) -> tuple[Size, ...]:
    return tuple(
        sorted((size for size in sizes if size.bytes), key=lambda size: (-size.bytes, size.name))
    )


def _symbol_name(name: str, others: int) -> str:
    short = name if len(name) <= _NAME_LENGTH else f"{name[:_NAME_LENGTH]}..."
    return f"{short} (and {others} more names)" if others else short


def _of_another_link(reason: str) -> ResultError:
    return ResultError(
        f"the linker's map is not that of the library: {reason}", "link again, then make the wheel"
    )
