"""The sizes of what is given away: every byte belongs to something."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.figures import ArtefactSizes
from benchmarks.sizes.appimage import measure_appimage
from benchmarks.sizes.artefacts import (
    WHEEL,
    appimage_name,
    folder_name,
    lacks_details,
    measure_sizes,
)
from benchmarks.sizes.changes import compare
from benchmarks.sizes.components import COMPONENTS
from benchmarks.sizes.program import find_executable_map, measure_folder
from benchmarks.sizes.wheel import measure_wheel
from buildkit.errors import BuildError, InputError, ResultError
from buildkit.places import CHECKOUT, build_cache
from native_build.editions import EDITIONS
from native_build.freeze import EXECUTABLE, LINKER_MAP
from torch_build.link import MODULE

LINKED = CHECKOUT / "build/torch/linked"
EXTENSION = f"torch/{MODULE}"
ARTEFACTS = [
    WHEEL,
    *(name(edition) for edition in EDITIONS for name in (folder_name, appimage_name)),
]


@pytest.fixture(scope="module")
def sizes() -> dict[str, ArtefactSizes]:
    return measure_sizes(CHECKOUT)


@pytest.mark.slow
def test_all_that_is_given_away_is_measured(sizes: dict[str, ArtefactSizes]) -> None:
    assert list(sizes) == ARTEFACTS


@pytest.mark.slow
@pytest.mark.parametrize("artefact", ARTEFACTS)
def test_every_byte_is_of_a_component_and_of_a_file(
    sizes: dict[str, ArtefactSizes], artefact: str
) -> None:
    one = sizes[artefact]
    assert sum(one.components.values()) == one.bytes
    assert sum(one.files.values()) == one.bytes
    assert set(one.components) <= set(COMPONENTS)
    assert one.components.get("other", 0) < 0.015 * one.bytes
    assert all(size > 0 for size in one.files.values())


@pytest.mark.slow
def test_bytes_are_those_of_the_files_that_are_given_away(sizes: dict[str, ArtefactSizes]) -> None:
    for name, edition in EDITIONS.items():
        appimage = CHECKOUT / "dist" / edition.appimage
        assert sizes[appimage_name(name)].bytes == appimage.stat().st_size
        files = (CHECKOUT / "build/native/program" / name).rglob("*")
        expected = sum(path.stat().st_size for path in files if path.is_file())
        assert sizes[folder_name(name)].bytes == expected
    (wheel,) = (CHECKOUT / "dist").glob("torch-*.whl")
    assert sizes[WHEEL].bytes == wheel.stat().st_size


@pytest.mark.slow
def test_components_are_as_large_as_what_they_are_made_of(sizes: dict[str, ArtefactSizes]) -> None:
    lean, ultra = (sizes[folder_name(name)] for name in ("lean", "ultra-lean"))
    # The editions differ in ffmpeg alone.
    difference = lean.components["ffmpeg"] - ultra.components["ffmpeg"]
    assert difference == lean.bytes - ultra.bytes == lean.files["ffmpeg"] - ultra.files["ffmpeg"]
    for component, size in ultra.components.items():
        if component != "ffmpeg":
            assert lean.components[component] == size
    # PyTorch is its library, OpenMP's, and a megabyte of bytecode in the executable.
    libraries = sum(size for file, size in ultra.files.items() if file.startswith("torch/"))
    assert 800_000 < ultra.components["torch"] - libraries < 2_000_000
    code = {name: size for name, size in ultra.objects.items() if "libcrypto.a(" in name}
    assert ultra.components["TLS"] > sum(code.values()) + ultra.files["certificates.der"]


@pytest.mark.slow
def test_the_parts_of_the_executable_add_up(sizes: dict[str, ArtefactSizes]) -> None:
    for edition in EDITIONS:
        one = sizes[folder_name(edition)]
        for table in (one.sections, one.objects):
            parts = [size for name, size in table.items() if name.startswith(f"{EXECUTABLE}: ")]
            assert sum(parts) == one.files[EXECUTABLE]
        assert f"{EXECUTABLE}: constants/torch/nn/functional.py" in one.objects
        assert f"{EXECUTABLE}: module.transcriber.streams.o" in one.objects


@pytest.mark.slow
def test_the_runtime_of_an_appimage_is_exact(sizes: dict[str, ArtefactSizes]) -> None:
    for name, edition in EDITIONS.items():
        content = (CHECKOUT / "dist" / edition.appimage).read_bytes()
        runtime = sizes[appimage_name(name)].components["AppImage runtime"]
        assert content[runtime : runtime + 4] == b"hsqs"


@pytest.mark.slow
def test_the_appimage_of_another_program_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "program"
    shutil.copytree(CHECKOUT / "build/native/program/lean", folder)
    executable_map = find_executable_map(
        folder / EXECUTABLE,
        [
            CHECKOUT / "build/native/frozen/transcriber.dist",
            *(build_cache() / "native").glob("frozen-*"),
        ],
    )
    program = measure_folder(folder, executable_map, LINKED)
    appimage = CHECKOUT / "dist" / EDITIONS["ultra-lean"].appimage
    with pytest.raises(ResultError, match="was made of another ffmpeg"):
        measure_appimage(appimage, folder, program)


@pytest.mark.slow
def test_a_wheel_from_the_build_cache_is_measured_by_its_report(
    tmp_path: Path, sizes: dict[str, ArtefactSizes]
) -> None:
    (wheel,) = (CHECKOUT / "dist").glob("torch-*.whl")
    one = measure_wheel(wheel, tmp_path)
    assert one.objects == sizes[WHEEL].objects
    assert one.components == sizes[WHEEL].components
    assert one.sections == sizes[WHEEL].sections
    assert lacks_details({**sizes, WHEEL: one})
    assert lacks_details(sizes) == (not (LINKED / "_C.map").is_file())
    # No symbols are known: none of them is gone.
    assert compare(sizes, {WHEEL: one})[0].changes == ()
    shutil.copy(wheel, tmp_path)
    with pytest.raises(InputError, match="does not say where the wheel's bytes are"):
        measure_wheel(tmp_path / wheel.name, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("artefact", [WHEEL, *map(folder_name, EDITIONS)])
def test_every_library_has_its_sections(sizes: dict[str, ArtefactSizes], artefact: str) -> None:
    one = sizes[artefact]
    files = {name.partition(": ")[0] for name in one.sections}
    libraries = {name for name in one.files if ".so" in Path(name).name}
    assert "torch/lib/libomp.so.5" in libraries
    assert libraries <= files


TORCH_SYMBOL = {f"{EXTENSION}: at::native::add(int)": 2000}
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


def test_files_of_a_wheel_count_as_they_are_compressed(tmp_path: Path) -> None:
    wheel = tmp_path / "torch-1-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("torch/__init__.py", b"x" * 1000)
        archive.writestr("torch-1.dist-info/METADATA", b"y" * 10)
    with pytest.raises(BuildError, match="has no torch/_C"):
        measure_wheel(wheel, tmp_path)


def test_what_is_not_built_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there are 0 wheels in .*: run make$"):
        measure_sizes(tmp_path)
    with pytest.raises(InputError, match="there is no program in"):
        measure_folder(tmp_path / "program", tmp_path / LINKER_MAP, tmp_path)
    with pytest.raises(InputError, match=r"there is no .*transcriber\.bin: run make native"):
        find_executable_map(tmp_path / EXECUTABLE, [])


@pytest.mark.parametrize("content", [[b"same", b"other"], [b"other"], []])
def test_the_map_is_that_of_the_same_program(tmp_path: Path, content: Sequence[bytes]) -> None:
    executable = tmp_path / EXECUTABLE
    executable.write_bytes(b"same")
    places = [tmp_path / str(number) for number in range(len(content))]
    for place, program in zip(places, content, strict=True):
        place.mkdir()
        (place / EXECUTABLE).write_bytes(program)
        (place / LINKER_MAP).touch()
    if b"same" in content:
        assert find_executable_map(executable, reversed(places)) == places[0] / LINKER_MAP
    else:
        with pytest.raises(InputError, match="there is no linker's map"):
            find_executable_map(executable, places)
