"""The sizes of what is given away: every byte belongs to something."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.appimage import measure_appimage
from benchmarks.sizes.artefacts import (
    WHEEL,
    appimage_name,
    find_executable_map,
    folder_name,
    lacks_details,
    measure_folder,
    measure_sizes,
    measure_wheel,
)
from benchmarks.sizes.changes import compare
from benchmarks.sizes.components import COMPONENTS
from buildkit.errors import BuildError, InputError, ResultError
from buildkit.places import CHECKOUT, build_cache
from native_build.editions import EDITIONS
from native_build.freeze import EXECUTABLE, LINKER_MAP
from torch_build.link import MODULE

LINKED = CHECKOUT / "build/torch/linked"
PROGRAM = CHECKOUT / "build/native/program"
Sizes = Mapping[str, ArtefactSizes]


@pytest.fixture(scope="module")
def sizes() -> Sizes:
    return measure_sizes(CHECKOUT)


def the_wheel() -> Path:
    (wheel,) = (CHECKOUT / "dist").glob("torch-*.whl")
    return wheel


@pytest.mark.slow
def test_every_byte_that_is_given_away_is_of_a_component_and_of_a_file(sizes: Sizes) -> None:
    given = {WHEEL: the_wheel().stat().st_size}
    for name, edition in EDITIONS.items():
        files = [path for path in (PROGRAM / name).rglob("*") if path.is_file()]
        given[folder_name(name)] = sum(path.stat().st_size for path in files)
        given[appimage_name(name)] = (CHECKOUT / "dist" / edition.appimage).stat().st_size
    assert {name: one.bytes for name, one in sizes.items()} == given
    for one in sizes.values():
        assert sum(one.components.values()) == one.bytes == sum(one.files.values())
        assert set(one.components) <= set(COMPONENTS)
        assert one.components.get("other", 0) < 0.015 * one.bytes
        assert min(one.files.values()) > 0


@pytest.mark.slow
def test_components_are_as_large_as_what_they_are_made_of(sizes: Sizes) -> None:
    lean, ultra = (sizes[folder_name(name)] for name in ("lean", "ultra-lean"))
    # The editions differ in ffmpeg alone.
    difference = lean.files["ffmpeg"] - ultra.files["ffmpeg"]
    expected = {**ultra.components, "ffmpeg": ultra.components["ffmpeg"] + difference}
    assert lean.components == expected
    # PyTorch is its library, OpenMP's, and a megabyte of bytecode in the executable.
    libraries = sum(size for file, size in ultra.files.items() if file.startswith("torch/"))
    assert 800_000 < ultra.components["torch"] - libraries < 2_000_000
    code = [size for name, size in ultra.objects.items() if "libcrypto.a(" in name]
    assert ultra.components["TLS"] > sum(code) + ultra.files["certificates.der"]


@pytest.mark.slow
def test_every_program_and_library_is_looked_into(sizes: Sizes) -> None:
    for edition, given in EDITIONS.items():
        one = sizes[folder_name(edition)]
        for table in (one.sections, one.objects):
            parts = [size for name, size in table.items() if name.startswith(f"{EXECUTABLE}: ")]
            assert sum(parts) == one.files[EXECUTABLE]
        assert f"{EXECUTABLE}: constants/torch/nn/functional.py" in one.objects
        assert f"{EXECUTABLE}: module.transcriber.streams.o" in one.objects
        content = (CHECKOUT / "dist" / given.appimage).read_bytes()
        runtime = sizes[appimage_name(edition)].components["AppImage runtime"]
        assert content[runtime : runtime + 4] == b"hsqs"
    for one in (sizes[name] for name in (WHEEL, *map(folder_name, EDITIONS))):
        libraries = {name for name in one.files if ".so" in Path(name).name}
        assert "torch/lib/libomp.so.5" in libraries
        assert libraries <= {name.partition(": ")[0] for name in one.sections}


@pytest.mark.slow
def test_the_appimage_of_another_program_is_refused() -> None:
    folder = PROGRAM / "lean"
    kept = (build_cache() / "native").glob("frozen-*")
    places = [CHECKOUT / "build/native/frozen/transcriber.dist", *kept]
    executable_map = find_executable_map(folder / EXECUTABLE, places)
    _, pieces = measure_folder(folder, executable_map, LINKED)
    appimage = CHECKOUT / "dist" / EDITIONS["ultra-lean"].appimage
    with pytest.raises(ResultError, match="was made of another ffmpeg"):
        measure_appimage(appimage, folder, pieces)


@pytest.mark.slow
def test_a_wheel_from_the_build_cache_is_measured_by_its_report(
    tmp_path: Path, sizes: Sizes
) -> None:
    one = measure_wheel(the_wheel(), tmp_path)
    assert replace(one, symbols=sizes[WHEEL].symbols) == sizes[WHEEL]
    assert lacks_details({**sizes, WHEEL: one})
    if (LINKED / "_C.map").is_file():
        assert not lacks_details(sizes)
    # No symbols are known: none of them is gone.
    assert compare(sizes, {WHEEL: one})[0].changes == ()
    shutil.copy(the_wheel(), tmp_path)
    with pytest.raises(InputError, match="does not say where the wheel's bytes are"):
        measure_wheel(tmp_path / the_wheel().name, tmp_path)


TORCH_SYMBOL = {f"torch/{MODULE}: at::native::add(int)": 2000}
OTHER_SYMBOL = {f"{EXECUTABLE}: constant_bin_data": 2000}


@pytest.mark.parametrize(
    ("symbols", "lacking"),
    [
        ({WHEEL: TORCH_SYMBOL, "lean folder": {**OTHER_SYMBOL, "torch/_C.so: add": 1}}, False),
        ({WHEEL: TORCH_SYMBOL, "lean folder": OTHER_SYMBOL}, True),
        ({WHEEL: {}, "lean folder": TORCH_SYMBOL}, True),
        # Nobody looks into the compressed program.
        ({WHEEL: TORCH_SYMBOL, "lean AppImage": {}}, False),
    ],
)
def test_sizes_without_the_linkers_map_are_known(
    symbols: Mapping[str, Mapping[str, int]], lacking: bool
) -> None:
    nothing = ArtefactSizes(bytes=0, components={}, files={}, sections={}, objects={}, symbols={})
    sizes = {name: replace(nothing, symbols=dict(one)) for name, one in symbols.items()}
    assert lacks_details(sizes) == lacking


def test_what_is_not_built_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there are 0 wheels in .*: run make$"):
        measure_sizes(tmp_path)
    with pytest.raises(InputError, match="there is no program in"):
        measure_folder(tmp_path / "program", tmp_path / LINKER_MAP, tmp_path)
    with pytest.raises(InputError, match=r"there is no .*transcriber\.bin: run make native"):
        find_executable_map(tmp_path / EXECUTABLE, [])
    wheel = tmp_path / "torch-1-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("torch/__init__.py", b"")
    with pytest.raises(BuildError, match="has no torch/_C"):
        measure_wheel(wheel, tmp_path)


def test_the_map_is_that_of_the_same_program(tmp_path: Path) -> None:
    executable = tmp_path / EXECUTABLE
    executable.write_bytes(b"same")
    same, other = tmp_path / "same", tmp_path / "other"
    for place in (same, other):
        place.mkdir()
        (place / EXECUTABLE).write_text(place.name)
        (place / LINKER_MAP).touch()
    assert find_executable_map(executable, [other, same]) == same / LINKER_MAP
    with pytest.raises(InputError, match="there is no linker's map"):
        find_executable_map(executable, [other])
