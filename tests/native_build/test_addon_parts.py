from __future__ import annotations

import json
from pathlib import Path

import pytest

from addon_samples import compile_library, make_core, make_parts, make_wheel_of
from buildkit.elf_sections import read_dynamic
from buildkit.errors import BuildError, InputError, ResultError
from native_build.addon_parts import addon_components, check_addon, install_addon, read_parts
from transcriber.cuda import search


@pytest.fixture
def core(tmp_path: Path) -> Path:
    return make_core(tmp_path / "core", "WHISPER_1")


@pytest.fixture
def wheel(core: Path, tmp_path: Path) -> Path:
    return make_wheel_of(core, tmp_path)


def test_versions_are_those_that_the_linker_wrote(core: Path, tmp_path: Path) -> None:
    assert "WHISPER_1" in read_dynamic(core.read_bytes()).defined
    assert read_dynamic(core.read_bytes()).name == core.name
    addon = read_dynamic((make_parts(tmp_path / "parts", core) / "libtorch_cuda.so").read_bytes())
    assert "WHISPER_1" in addon.needed
    assert core.name in addon.libraries
    with pytest.raises(BuildError):
        read_dynamic(b"not a library")


def test_an_addon_of_this_build(core: Path, wheel: Path, tmp_path: Path) -> None:
    parts = read_parts(make_parts(tmp_path / "parts", core))
    assert check_addon(parts, wheel) == "WHISPER_1"


def test_it_is_built_into_the_program_where_the_program_looks(
    core: Path, wheel: Path, tmp_path: Path
) -> None:
    parts = read_parts(make_parts(tmp_path / "parts", core))
    # PyTorch's OpenMP lies there.
    (tmp_path / "program/torch/lib").mkdir(parents=True)
    install_addon(parts, wheel, tmp_path / "program")
    inside = tmp_path / "program" / search.INSIDE
    assert inside.read_bytes() == parts.library.read_bytes()


def test_an_addon_of_another_build(wheel: Path, tmp_path: Path) -> None:
    other = make_core(tmp_path / "other", "WHISPER_2")
    parts = read_parts(make_parts(tmp_path / "parts", other))
    with pytest.raises(ResultError, match=r"made for the PyTorch WHISPER_2.*is WHISPER_1"):
        check_addon(parts, wheel)


def test_an_addon_that_asks_for_no_build(wheel: Path, tmp_path: Path) -> None:
    plain = compile_library(tmp_path / "plain/_C.so", "int whisper_core(void) { return 1; }\n")
    parts = read_parts(make_parts(tmp_path / "parts", plain))
    with pytest.raises(ResultError, match="asks for 0 symbol versions"):
        check_addon(parts, wheel)


def test_an_addon_that_was_not_stripped(core: Path, wheel: Path, tmp_path: Path) -> None:
    parts = read_parts(make_parts(tmp_path / "parts", core, "-g"))
    with pytest.raises(ResultError, match=r"has the section \.(symtab|debug).*: strip it"):
        check_addon(parts, wheel)


def test_an_addon_that_needs_what_not_every_system_has(
    core: Path, wheel: Path, tmp_path: Path
) -> None:
    library = compile_library(
        tmp_path / "lib/libcublas.so", "int x(void) { return 1; }\n", "-Wl,-soname,libcublas.so.12"
    )
    words = ("-s", "-Wl,--no-as-needed", str(library))
    parts = read_parts(make_parts(tmp_path / "parts", core, *words))
    with pytest.raises(ResultError, match=r"needs libcublas\.so\.12, which not every system"):
        check_addon(parts, wheel)


@pytest.mark.parametrize("name", ["libtorch_cuda.so", "sbom.json", "licences/*/LICENSE"])
def test_a_part_that_is_missing(core: Path, tmp_path: Path, name: str) -> None:
    folder = make_parts(tmp_path / "parts", core)
    for path in folder.glob(name):
        path.unlink()
    with pytest.raises(InputError, match=name.partition("/")[0]):
        read_parts(folder)


def test_what_it_is_made_of(core: Path, tmp_path: Path) -> None:
    parts = read_parts(make_parts(tmp_path / "parts", core))
    components = addon_components(parts)
    assert [(one.name, one.licence, one.supplier) for one in components] == [
        ("cutlass", "MIT", "People"),
        ("pytorch", "MIT", "People"),
    ]
    assert components[0].purl == "pkg:github/nvidia/cutlass@1"


def test_a_component_without_its_texts(core: Path, tmp_path: Path) -> None:
    parts = read_parts(make_parts(tmp_path / "parts", core))
    (parts.licences / "cutlass/LICENSE").unlink()
    with pytest.raises(InputError, match="no folder cutlass"):
        addon_components(parts)


@pytest.mark.parametrize("text", ["", "[]", json.dumps({"components": [{"name": "x"}]})])
def test_a_bill_that_is_none(core: Path, tmp_path: Path, text: str) -> None:
    parts = read_parts(make_parts(tmp_path / "parts", core))
    parts.bill.write_text(text)
    with pytest.raises(InputError, match="no bill of materials"):
        addon_components(parts)
