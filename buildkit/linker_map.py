"""Read the map that LLVM's linker writes with ``-Map``: what came from which object file.

A line has four numbers in fixed columns (address, load address, size, alignment) and a name,
whose indentation tells what it is: an output section, an input section below it, or a symbol
below that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from buildkit.errors import InputError

_HEADER = re.compile(r"\s*VMA\s+LMA\s+Size\s+Align\s+Out\s+In\s+Symbol\s*")
_LINE = re.compile(
    r"\s*(?P<address>[0-9a-f]+)\s+[0-9a-f]+\s+(?P<size>[0-9a-f]+)\s+\d+ (?P<indent> *)(?P<name>.*)"
)
_INPUT = re.compile(r"(?P<object>.*):\((?P<section>.*)\)")
_INPUT_INDENT = 8
_SYMBOL_INDENT = 16

LINKER = "<internal>"
"""The object of what the linker makes itself: symbol tables, relocations, merged strings."""


@dataclass(frozen=True, kw_only=True)
class InputSection:
    """A piece of the output, from one section of one object file.

    Attributes
    ----------
    object : str
        The object file as it stood on the linker's command line; `LINKER` for the linker's own.
    section : str
        Name of the section in the object file.
    output : str
        Name of the section that it became part of.
    address, size : int
        Where it lies in memory, and its bytes.
    """

    object: str
    section: str
    output: str
    address: int
    size: int


@dataclass(frozen=True, kw_only=True)
class MappedSymbol:
    """A function or a variable.

    Attributes
    ----------
    name : str
        Demangled.
    others : int
        How many more names the same bytes have: folded copies and aliases.
    object, output : str
        The object file it is from and the output section it is in.
    size : int
        Its bytes.
    """

    name: str
    others: int
    object: str
    output: str
    size: int


@dataclass(frozen=True, kw_only=True)
class LinkerMap:
    """The content of a map.

    Attributes
    ----------
    inputs : tuple of InputSection
        In the order of their addresses. What is not loaded, such as comments, is not among them:
        it has no address, and stripping changes it.
    symbols : tuple of MappedSymbol
        One for each address within an input section.
    """

    inputs: tuple[InputSection, ...]
    symbols: tuple[MappedSymbol, ...]


def parse_map(lines: Iterable[str]) -> LinkerMap:
    """Read the lines of a map.

    Raises
    ------
    InputError
        When it is not a map of LLVM's linker.
    """
    remaining = iter(lines)
    if not _HEADER.fullmatch(next(remaining, "").rstrip("\n")):
        raise InputError("not a map of LLVM's linker", "link with ld.lld and the option -Map=FILE")
    output, is_loaded = "", False
    inputs: list[InputSection] = []
    symbols: dict[tuple[int, int], MappedSymbol] = {}
    for line in remaining:
        found = _LINE.fullmatch(line.rstrip("\n"))
        if found is None:
            raise InputError(f"a line of the linker's map is not understood: {line!r}")
        address, size = int(found["address"], 16), int(found["size"], 16)
        indent, name = len(found["indent"]), found["name"]
        if indent == 0:
            # Assignments of a linker script stand in this column too; nothing is below them.
            output, is_loaded = name, address > 0
        elif not is_loaded:
            continue
        elif indent == _INPUT_INDENT:
            if parts := _INPUT.fullmatch(name):
                inputs.append(
                    InputSection(
                        object=parts["object"],
                        section=parts["section"],
                        output=output,
                        address=address,
                        size=size,
                    )
                )
        elif indent == _SYMBOL_INDENT and size and inputs:
            key = (len(inputs), address)
            known = symbols.get(key)
            symbols[key] = MappedSymbol(
                # Of several names the first of the alphabet: the map's order is the linker's.
                name=min(known.name, name) if known else name,
                others=known.others + 1 if known else 0,
                object=inputs[-1].object,
                output=output,
                size=max(known.size, size) if known else size,
            )
    return LinkerMap(inputs=tuple(inputs), symbols=tuple(symbols.values()))
