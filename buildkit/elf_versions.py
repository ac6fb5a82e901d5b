"""What a shared object asks the loader for, and the symbol versions by which it does.

The structures are those of ``elf.h``; the chapter "Symbol Versioning" of the Linux Standard Base
says what they mean.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from buildkit.elf_sections import elf_sections
from buildkit.errors import InputError

_DYNAMIC = struct.Struct("<qQ")
_NEEDED_TAG, _NAME_TAG = 1, 14
_NEED, _NEED_PART = struct.Struct("<HHIII"), struct.Struct("<IHHII")
_DEFINITION, _DEFINITION_PART = struct.Struct("<HHHHIII"), struct.Struct("<II")


@dataclass(frozen=True, kw_only=True)
class Dynamic:
    """What is said to the loader.

    Attributes
    ----------
    name : str
        The entry ``SONAME``, by which others ask for it; empty where there is none.
    libraries : tuple of str
        The entries ``NEEDED``.
    needed, defined : frozenset of str
        The symbol versions that it asks for in others, and that its own symbols have.
    """

    name: str
    libraries: tuple[str, ...]
    needed: frozenset[str]
    defined: frozenset[str]


def read_dynamic(content: bytes) -> Dynamic:
    """Read the shared object `content`.

    Raises
    ------
    InputError
        When it is none.
    """
    sections = {section.name: section for section in elf_sections(content)}
    if ".dynamic" not in sections or ".dynstr" not in sections:
        raise InputError("an ELF file that no loader can load", "link it again")

    def text(offset: int) -> str:
        start = sections[".dynstr"].offset + offset
        return content[start : content.index(b"\0", start)].decode()

    def names(section: str, find: Callable[[bytes, int], Iterator[int]]) -> frozenset[str]:
        if section not in sections:
            return frozenset()
        return frozenset(map(text, find(content, sections[section].offset)))

    dynamic = sections[".dynamic"]
    tags = list(_DYNAMIC.iter_unpack(content[dynamic.offset : dynamic.offset + dynamic.size]))
    return Dynamic(
        name=next((text(value) for tag, value in tags if tag == _NAME_TAG), ""),
        libraries=tuple(text(value) for tag, value in tags if tag == _NEEDED_TAG),
        needed=names(".gnu.version_r", _needed_names),
        defined=names(".gnu.version_d", _defined_names),
    )


def _needed_names(content: bytes, place: int) -> Iterator[int]:
    """Yield where the names begin in a list of ``Elf64_Verneed``, each with its own of parts."""
    while True:
        _, count, _, parts, following = _NEED.unpack_from(content, place)
        part = place + parts
        for _ in range(count):
            _, _, _, name, next_part = _NEED_PART.unpack_from(content, part)
            yield name
            part += next_part
        if not following:
            return
        place += following


def _defined_names(content: bytes, place: int) -> Iterator[int]:
    """Yield where the names begin in a list of ``Elf64_Verdef``; further parts are its parents."""
    while True:
        *_, parts, following = _DEFINITION.unpack_from(content, place)
        yield _DEFINITION_PART.unpack_from(content, place + parts)[0]
        if not following:
            return
        place += following
