"""Section headers, against a file whose content is known."""

from __future__ import annotations

import struct

import pytest

from buildkit.elf_sections import ElfSection, elf_sections, read_dynamic
from buildkit.errors import BuildError

Section = tuple[str, int, int, bytes | int]
"""Name, kind, address, and the content or the number of bytes that are in memory only."""


def make_elf(*sections: Section) -> bytes:
    """Return an ELF file with `sections` and the table of their names."""
    names = b"\0"
    body = b""
    headers = [struct.pack("<IIQQQQIIQQ", *(10 * [0]))]
    for name, kind, address, content in (*sections, (".shstrtab", 3, 0, b"")):
        index = len(names)
        names += name.encode() + b"\0"
        data = names if name == ".shstrtab" else content
        size = data if isinstance(data, int) else len(data)
        offset = 64 + len(body)
        headers.append(
            struct.pack("<IIQQQQIIQQ", index, kind, 0, address, offset, size, 0, 0, 1, 0)
        )
        body += b"" if isinstance(data, int) else data
    count = len(headers)
    identification = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, count, count - 1
    )
    return identification + head + body + b"".join(headers)


def test_sections_have_their_place_and_size() -> None:
    content = make_elf((".text", 1, 0x1000, b"code"), (".bss", 8, 0x2000, 4096))
    text, bss, names = elf_sections(content)
    assert text == ElfSection(name=".text", address=0x1000, offset=64, size=4, in_file=True)
    assert content[text.offset : text.offset + text.size] == b"code"
    assert (bss.name, bss.size, bss.in_file) == (".bss", 4096, False)
    assert names.name == ".shstrtab"


@pytest.mark.parametrize("content", [b"", b"MZ", make_elf()[:-1], b"\x7fELF\x01\x01" + bytes(90)])
def test_other_files_are_refused(content: bytes) -> None:
    for read in (elf_sections, read_dynamic):
        with pytest.raises(BuildError, match="ELF file"):
            read(content)


def test_a_file_without_a_section_for_the_loader_is_refused() -> None:
    with pytest.raises(BuildError, match="no loader can load"):
        read_dynamic(make_elf((".text", 1, 0x1000, b"code")))


def test_a_place_that_no_file_reaches_is_no_defect_of_ours() -> None:
    content = bytearray(make_elf())
    content[0x28:0x30] = b"\xff" * 8
    with pytest.raises(BuildError, match="not a whole ELF file"):
        elf_sections(bytes(content))
