"""What decides over the parts of the program: each input must change the key of its part."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from buildkit.edits import Edit
from buildkit.sources import Archive, Patches, Sources
from buildkit.sysroot import Sysroot
from buildkit.toolchain import Toolchain
from native_build import freeze, program_parts
from native_build.program_parts import (
    ffmpeg_part,
    frozen_part,
    numpy_part,
    pack_tools,
    python_part,
)
from native_build.workshop import Workshop

HERE = Path(__file__)


def archive(name: str, sha256: str) -> Archive:
    return Archive(
        name=name,
        version="1",
        supplier="People",
        licence="MIT",
        purpose="does things",
        ships=True,
        file=f"{name}.tar.gz",
        size=1,
        sha256=sha256,
        upstream="https://example.org/archive.tar.gz",
        content_sha256="",
    )


def workshop(tmp_path: Path, *, compiler: str = "19.1", **digests: str) -> Workshop:
    names = ["zlib", "libffi", "openssl", "sqlite", "cpython", "numpy", "ffmpeg"]
    names += ["musl", "zstd", "xz", "squashfs_tools"]
    programs = ("cc", "cxx", "linker", "nm", "size", "strip", "ccache", "cmake", "ninja")
    return Workshop(
        work=tmp_path / "work",
        cache=tmp_path / "cache",
        trees=tmp_path / "trees",
        packages=tmp_path / "packages",
        tools=Toolchain(
            **dict.fromkeys(programs, HERE),
            sysroot=Sysroot(root=HERE),
            environment={},
            versions=dict.fromkeys(programs, compiler),
        ),
        folders=[],
        sources=Sources(
            archives=tuple(archive(name, digests.get(name, "00")) for name in names), wheels=()
        ),
    )


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return a part's name and key as its folder, and build nothing."""
    monkeypatch.setattr(
        program_parts, "provide_part", lambda name, key, cache, _: cache / f"{name}-{key}"
    )


def test_an_archive_is_in_the_keys_of_the_parts_that_are_made_of_it(tmp_path: Path) -> None:
    one = workshop(tmp_path)
    for name in ("zlib", "libffi", "openssl", "sqlite", "cpython"):
        other = workshop(tmp_path, **{name: "ff"})
        assert python_part(other) != python_part(one)
        assert numpy_part(other) == numpy_part(one)
    assert numpy_part(workshop(tmp_path, numpy="ff")) != numpy_part(one)
    assert ffmpeg_part(workshop(tmp_path, ffmpeg="ff"), "slim") != ffmpeg_part(one, "slim")
    assert ffmpeg_part(one, "slim") != ffmpeg_part(one, "wide")


def test_an_archive_is_in_the_keys_of_the_tools_that_are_made_of_it(tmp_path: Path) -> None:
    tools = pack_tools(workshop(tmp_path), tmp_path)
    for name, parts in (
        ("musl", {"runtime"}),
        ("squashfs_tools", {"mksquashfs"}),
        ("zstd", {"runtime", "mksquashfs"}),
        ("xz", {"runtime", "mksquashfs"}),
        ("ffmpeg", set()),
    ):
        other = pack_tools(workshop(tmp_path, **{name: "ff"}), tmp_path)
        changed = {
            field
            for field in ("runtime", "mksquashfs")
            if getattr(other, field) != getattr(tools, field)
        }
        assert changed == parts


def test_what_is_unpacked_of_an_archive_is_in_the_key(tmp_path: Path) -> None:
    one = workshop(tmp_path)
    for change in ({"only": ("lib",)}, {"without": ("lib",)}, {"content_sha256": "ff"}):
        changed = tuple(dataclasses.replace(item, **change) for item in one.sources.archives)
        sources = dataclasses.replace(one.sources, archives=changed)
        other = dataclasses.replace(one, sources=sources)
        assert numpy_part(other) != numpy_part(one)


def test_patches_and_edits_of_an_archive_are_in_its_keys(tmp_path: Path) -> None:
    one = workshop(tmp_path)
    pins = Patches(version="1-1", file="a", size=1, sha256="00", content_sha256="ff")
    changed = tuple(
        dataclasses.replace(item, patches=pins) if item.name == "cpython" else item
        for item in one.sources.archives
    )
    sources = dataclasses.replace(one.sources, archives=changed)
    edit = Edit(source="cpython", path="a.c", anchor="x", replacement="y", reason="a test")
    for other in (
        dataclasses.replace(one, sources=sources),
        dataclasses.replace(one, edits=(edit,)),
    ):
        assert python_part(other) != python_part(one)
        assert numpy_part(other) == numpy_part(one)


def test_the_compiler_is_in_all_keys(tmp_path: Path) -> None:
    one, other = workshop(tmp_path), workshop(tmp_path, compiler="19.2")
    assert python_part(other) != python_part(one)
    assert numpy_part(other) != numpy_part(one)
    assert ffmpeg_part(other, "slim") != ffmpeg_part(one, "slim")


def test_whatever_gets_into_the_executable_is_in_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "transcriber"
    torch, pins, settings = (tmp_path / name for name in ("torch.whl", "pins.txt", "nuitka.cfg"))
    program.mkdir()
    files = [
        program / "main.py",
        program / "data.toml",
        program / "weights.bin",
        program / "page.js",
        torch,
        pins,
        settings,
    ]
    for path in files:
        path.write_text("one")
    monkeypatch.setattr(freeze, "SETTINGS", settings)

    def key(shop: Workshop) -> Path:
        return frozen_part(shop, program, tmp_path, torch, pins)

    shop = workshop(tmp_path)
    seen = {key(shop)}
    for path in files:
        path.write_text("two")
        assert key(shop) not in seen
        seen.add(key(shop))
    (program / "main.py").rename(program / "other.py")
    assert key(shop) not in seen
    assert key(workshop(tmp_path, cpython="ff")) != key(shop)
    assert key(workshop(tmp_path, numpy="ff")) != key(shop)
    assert key(workshop(tmp_path, ffmpeg="ff")) == key(shop)
