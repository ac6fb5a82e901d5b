"""The sections of a 64-bit little-endian ELF file, as its section headers give them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from buildkit.errors import InputError

_IDENTIFICATION = b"\x7fELF\x02\x01"
_HEADER_BYTES = 64
_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_NO_BITS = 8


@dataclass(frozen=True, kw_only=True)
class ElfSection:
    """A section of an ELF file.

    Attributes
    ----------
    name : str
        Such as ``.text``.
    address : int
        Where it lies in memory; 0 when it is not loaded.
    offset : int
        Where it begins in the file.
    size : int
        Bytes in memory.
    in_file : bool
        Whether the file has these bytes; false for ``.bss``, which begins as zeros.
    """

    name: str
    address: int
    offset: int
    size: int
    in_file: bool


def elf_sections(content: bytes) -> list[ElfSection]:
    """Return the sections of the shared library or program `content`.

    Raises
    ------
    InputError
        When it is no such file or was cut short.
    """
    if not content.startswith(_IDENTIFICATION) or len(content) < _HEADER_BYTES:
        raise InputError("not a 64-bit little-endian ELF file", "link it again")
    (table,) = struct.unpack_from("<Q", content, 0x28)
    entry_bytes, count, names_index = struct.unpack_from("<HHH", content, 0x3A)
    if entry_bytes != _SECTION_HEADER.size or table + count * entry_bytes > len(content):
        raise InputError("an ELF file without its section headers", "link it again")
    headers = [
        _SECTION_HEADER.unpack_from(content, table + index * entry_bytes) for index in range(count)
    ]
    names = headers[names_index][4]
    sections = []
    for name, kind, _, address, offset, size, *_ in headers[1:]:
        start = names + name
        sections.append(
            ElfSection(
                name=content[start : content.index(b"\0", start)].decode(errors="replace"),
                address=address,
                offset=offset,
                size=size,
                in_file=kind != _NO_BITS,
            )
        )
    return sections
