"""When a wheel is built, and when the cache has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from buildkit.sources import read_sources
from buildkit.sysroot import Sysroot
from buildkit.toolchain import Toolchain
from torch_build import build
from torch_build.build import REPORTS, WHEEL, Folders, build_key, provide_wheel
from torch_build.recipe import SOURCES

HERE = Path("/usr/bin/tool")


@pytest.fixture
def tools() -> Toolchain:
    return Toolchain(
        cc=HERE,
        cxx=HERE,
        linker=HERE,
        nm=HERE,
        size=HERE,
        strip=HERE,
        ccache=HERE,
        cmake=HERE,
        ninja=HERE,
        sysroot=Sysroot(root=Path("/cache/sysroot/one")),
        environment={},
        versions={"cc": "19", "cxx": "19", "linker": "19", "strip": "2", "ninja": "1"},
    )


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(work=tmp_path / "work", output=tmp_path / "dist", cache=tmp_path / "cache")


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch, tools: Toolchain) -> list[Path]:
    """Put a build in place that writes its number, and return the list of builds."""
    done: list[Path] = []

    def write(folders: Folders, *_: object) -> None:
        done.append(folders.output)
        folders.output.mkdir(exist_ok=True)
        for name in (WHEEL, *REPORTS):
            (folders.output / name).write_text(str(len(done)))

    monkeypatch.setattr(build, "build", write)
    monkeypatch.setattr(build, "provide_toolchain", lambda _: tools)
    return done


def test_a_wheel_of_the_same_inputs_is_built_once(
    folders: Folders, builds: list[Path], tmp_path: Path
) -> None:
    assert provide_wheel(folders) == folders.output / WHEEL
    other = replace(folders, output=tmp_path / "other checkout")
    assert provide_wheel(other).read_text() == "1"
    assert (other.output / "size-report.md").read_text() == "1"
    assert len(builds) == 1


def test_a_cache_that_lost_a_file_is_filled_again(folders: Folders, builds: list[Path]) -> None:
    provide_wheel(folders)
    next(folders.cache.rglob("size-report.json")).unlink()
    assert provide_wheel(folders).read_text() == "2"
    assert provide_wheel(folders).read_text() == "2"


def test_the_key_is_that_of_what_decides(
    tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tmp_path / "torch-build"
    (recipe / "torch_build/trace").mkdir(parents=True)
    (recipe / "operators.yaml").write_text("one")
    monkeypatch.setattr(build, "RECIPE", recipe)
    sources = read_sources(SOURCES)
    key = build_key(sources, tools)
    # Neither the folder that it lies in, nor what does not decide over the bytes.
    (recipe / "README.md").write_text("read me")
    (recipe / "torch_build/trace/cases.py").write_text("new")
    assert build_key(sources, replace(tools, cmake=Path("/elsewhere/cmake"))) == key
    assert build_key(sources, replace(tools, versions={**tools.versions, "ninja": "2"})) == key
    moved = replace(tools, sysroot=Sysroot(root=Path("/elsewhere/sysroot/one")))
    assert build_key(sources, moved) == key
    assert build_key(sources, replace(tools, versions={**tools.versions, "cc": "20"})) != key
    other = replace(tools, sysroot=Sysroot(root=Path("/cache/sysroot/two")))
    assert build_key(sources, other) != key
    (recipe / "operators.yaml").write_text("two")
    changed = build_key(sources, tools)
    assert changed != key
    assert build_key(replace(sources, wheels=()), tools) != changed


def test_the_kit_is_in_the_key(
    tools: Toolchain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (build.KIT / "toolchain.py").is_file()
    monkeypatch.setattr(build, "KIT", tmp_path)
    keys = set()
    for content in ("one", "two"):
        (tmp_path / "unpack.py").write_text(content)
        keys.add(build_key(read_sources(SOURCES), tools))
    assert len(keys) == 2


def test_objects_of_another_compiler_are_forgotten(tools: Toolchain, tmp_path: Path) -> None:
    objects = tmp_path / "objects"
    build.forget_other_objects(objects, tools)
    (objects / "one.o").touch()
    build.forget_other_objects(objects, tools)
    assert (objects / "one.o").exists()
    newer = replace(tools, versions={**tools.versions, "cxx": "20"})
    build.forget_other_objects(objects, newer)
    assert not (objects / "one.o").exists()
    (objects / "one.o").touch()
    build.forget_other_objects(objects, replace(newer, sysroot=Sysroot(root=Path("/cache/two"))))
    assert not (objects / "one.o").exists()
