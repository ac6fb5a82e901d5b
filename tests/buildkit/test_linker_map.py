"""The linker's map, from a recorded one."""

from __future__ import annotations

import pytest

from buildkit.errors import BuildError
from buildkit.linker_map import LINKER, InputSection, parse_map

# As LLD 19 writes it, shortened: one function is folded into another, one table is zeros.
MAP = """\
             VMA              LMA     Size Align Out     In      Symbol
             2a8              2a8       24     4 .note.gnu.build-id
             2a8              2a8       24     4         <internal>:(.note.gnu.build-id)
            1000             1000      110    16 .text
            1000             1000       64    16         CMakeFiles/core.dir/a.cpp.o:(.text.entry)
            1000             1000       60     1                 at::add(at::Tensor const&) (.cold)
            1070             1070       37    16         /usr/lib/libx.a(b.o):(.text._ZN2ns5otherEi)
            1070             1070       37     1                 ns::same(int)
            1070             1070       37     1                 ns::other(int)
            1070             1070        0     1                 GCC_except_table1
            2000             2000       20    32 .bss
            2000             2000       20    32         CMakeFiles/core.dir/a.cpp.o:(.bss.table)
            2000             2000       20     1                 table
               0                0       50     1 .comment
              10               10       40     1         CMakeFiles/core.dir/a.cpp.o:(.comment)
              10               10       40     1                 note
"""


def test_pieces_know_their_object_file() -> None:
    inputs = parse_map(MAP.splitlines(keepends=True)).inputs
    assert [piece.object for piece in inputs[:3]] == [
        LINKER,
        "CMakeFiles/core.dir/a.cpp.o",
        "/usr/lib/libx.a(b.o)",
    ]
    assert inputs[1] == InputSection(
        object="CMakeFiles/core.dir/a.cpp.o",
        section=".text.entry",
        output=".text",
        address=0x1000,
        size=0x64,
    )
    assert [piece.output for piece in inputs] == [".note.gnu.build-id", ".text", ".text", ".bss"]


def test_names_of_the_same_bytes_are_one_symbol() -> None:
    add, other, table = parse_map(MAP.splitlines()).symbols
    assert (add.name, add.size) == ("at::add(at::Tensor const&) (.cold)", 0x60)
    assert (other.name, other.others, other.size) == ("ns::other(int)", 1, 0x37)
    assert other.object == "/usr/lib/libx.a(b.o)"
    assert (table.output, table.others) == (".bss", 0)


def test_what_is_not_such_a_map_is_refused() -> None:
    with pytest.raises(BuildError, match="not a map of LLVM's linker"):
        parse_map(["Archive member included to satisfy reference by file (symbol)\n"])
    with pytest.raises(BuildError, match="not a map"):
        parse_map([])
    with pytest.raises(BuildError, match="not understood"):
        parse_map([*MAP.splitlines(), "something else"])
