"""Finding and getting the build tools, on machines made of small scripts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from buildkit import toolchain as module
from buildkit.build_tools import missing_packages
from buildkit.errors import SourceError, ToolError
from buildkit.sysroot import Sysroot
from buildkit.toolchain import Toolchain, find_toolchain, provide_toolchain

SAYS = {
    "clang-19": "Debian clang version 19.1.7 (3~deb12u1)",
    "clang++-19": "Debian clang version 19.1.7 (3~deb12u1)",
    "ld.lld-19": "Debian LLD 19.1.7 (compatible with GNU linkers)",
    "nm": "GNU nm (GNU Binutils for Debian) 2.40",
    "size": "GNU size (GNU Binutils for Debian) 2.40",
    "strip": "GNU strip (GNU Binutils for Debian) 2.40",
    "ccache": "ccache version 4.7.5",
    "cmake": "cmake version 3.25.1",
    "ninja": "1.11.1",
}
LLVM = ("clang-19", "clang++-19")
SYSROOT = Sysroot(root=Path("/cache/sysroot/one"))


def put(root: Path, programs: Sequence[str], **says: str) -> None:
    """Give the machine below `root` scripts that only tell their version."""
    folder = root / "usr" / "bin"
    llvm = root / "usr" / "lib" / "llvm-19"
    for place in (folder, llvm / "bin"):
        place.mkdir(parents=True, exist_ok=True)
    for name in programs:
        script = (llvm / "bin" if name in LLVM else folder) / name
        script.write_text(f"#!/bin/sh\necho '{says.get(name, SAYS[name])}'\n")
        script.chmod(0o755)
        if name in LLVM and not (folder / name).is_symlink():
            (folder / name).symlink_to(f"../lib/llvm-19/bin/{name}")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the root of a machine that has nothing but a shell."""
    root = tmp_path / "machine"
    put(root, [])
    for name in ("env", "sh"):
        (root / "usr" / "bin" / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(root / "usr" / "bin"))
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    monkeypatch.setattr(module, "check_toolchain", lambda _: None)
    monkeypatch.setattr(module, "provide_sysroot", lambda cache: Sysroot(root=cache / "sysroot"))
    return root


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what is tried to get packages; each try fails."""
    tried: list[str] = []

    def install(packages: Sequence[str]) -> bool:
        tried.append("install " + " ".join(packages))
        return False

    def unpack_packages(packages: Sequence[str], _: Path) -> None:
        tried.append("unpack " + " ".join(packages))
        raise SourceError("no network")

    monkeypatch.setattr(module, "install", install)
    monkeypatch.setattr(module, "unpack_packages", unpack_packages)
    return tried


def test_what_is_on_the_machine_is_taken(machine: Path, ways: list[str], tmp_path: Path) -> None:
    put(machine, list(SAYS))
    found = provide_toolchain(tmp_path / "cache")
    assert found.cc == machine / "usr" / "bin" / "clang-19"
    assert found.sysroot == Sysroot(root=tmp_path / "cache" / "sysroot")
    assert found.environment == {}
    assert found.versions["cc"] == "19.1.7 (3~deb12u1)"
    assert found.versions["ninja"] == "1.11.1"
    assert ways == []


def test_the_key_changes_with_the_compiler_and_not_with_its_place(machine: Path) -> None:
    put(machine, list(SAYS))
    key = find_toolchain(SYSROOT).toolchain_key()
    assert "19.1.7" in key and "/" not in key
    put(machine, ["ccache"], ccache="ccache version 4.8")
    assert find_toolchain(SYSROOT).toolchain_key() == key
    moved = Sysroot(root=Path("/elsewhere") / SYSROOT.root.name)
    assert find_toolchain(moved).toolchain_key() == key
    assert find_toolchain(Sysroot(root=Path("/cache/sysroot/two"))).toolchain_key() != key
    put(machine, ["ld.lld-19"], **{"ld.lld-19": "LLD 19.1.1"})
    assert find_toolchain(SYSROOT).toolchain_key() != key


@pytest.mark.parametrize(
    ("says", "package"),
    [
        ({"cmake": "cmake version 3.22.1"}, "cmake"),
        ({"clang++-19": "clang version 18.1.3"}, "clang-19"),
        ({"ninja": "ninja: cannot run"}, "ninja-build"),
    ],
)
def test_a_tool_of_a_wrong_version_is_missing(
    machine: Path, says: dict[str, str], package: str
) -> None:
    put(machine, list(SAYS), **says)
    assert missing_packages() == [package]
    with pytest.raises(ToolError):
        find_toolchain(SYSROOT)


def test_without_the_sysroot_nothing_is_installed(
    machine: Path, ways: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def provide_sysroot(_: Path) -> Sysroot:
        raise SourceError("none of Debian's suites")

    monkeypatch.setattr(module, "provide_sysroot", provide_sysroot)
    with pytest.raises(SourceError, match="none of Debian's suites"):
        provide_toolchain(tmp_path / "cache")
    assert ways == []


def test_without_any_way_the_error_names_the_packages(
    machine: Path, ways: list[str], tmp_path: Path
) -> None:
    put(machine, [name for name in SAYS if name not in {"ld.lld-19", "ccache"}])
    with pytest.raises(ToolError) as caught:
        provide_toolchain(tmp_path / "cache")
    assert ways == ["install lld-19 ccache", "unpack lld-19 ccache"]
    text = str(caught.value)
    assert "no network" in text and "\n" not in text
    for package in ("clang-19", "lld-19", "binutils", "ccache", "cmake", "ninja-build"):
        assert package in text
    # These come with the sysroot.
    assert "libomp" not in text and "g++" not in text


def test_unpacked_packages_serve_and_are_kept(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(machine, ["nm", "size", "strip", "cmake", "ninja", "ccache"])
    unpacked = []

    def unpack_packages(packages: Sequence[str], folder: Path) -> None:
        unpacked.append(list(packages))
        put(folder, [*LLVM, "ld.lld-19"])

    monkeypatch.setattr(module, "install", lambda _: False)
    monkeypatch.setattr(module, "unpack_packages", unpack_packages)
    root = tmp_path / "cache" / "toolchain-19"
    for _ in range(2):
        found = provide_toolchain(tmp_path / "cache")
        assert found.cxx == root / "usr" / "bin" / "clang++-19"
        assert found.cmake == machine / "usr" / "bin" / "cmake"
        assert found.environment["LD_LIBRARY_PATH"].split(os.pathsep)[0].startswith(str(root))
    assert unpacked == [["clang-19", "lld-19"]]


def test_a_compiler_that_cannot_compile_is_reported(
    machine: Path, ways: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(machine, list(SAYS))

    def check(toolchain: Toolchain) -> None:
        raise ToolError("fatal error: 'vector' file not found", f"delete {SYSROOT.root}")

    monkeypatch.setattr(module, "check_toolchain", check)
    with pytest.raises(ToolError, match=r"'vector' file not found: delete /cache/sysroot"):
        provide_toolchain(tmp_path / "cache")
    assert ways == []


def test_the_check_sees_a_compiler_that_fails(machine: Path, tmp_path: Path) -> None:
    put(machine, list(SAYS))
    script = machine / "usr" / "lib" / "llvm-19" / "bin" / "clang++-19"
    found = find_toolchain(SYSROOT)
    calls = tmp_path / "calls"
    fails = "echo 'x.cpp:1: fatal error: no vector'; echo end; exit 1"
    script.write_text(f'#!/bin/sh\necho "$*" > {calls}\n{fails}\n')
    remedy = f"delete {SYSROOT.root},"
    with pytest.raises(ToolError, match=rf"link: .*fatal error: no vector: {remedy}"):
        CHECK(found)
    # It is asked to do what the build does: to compile for the sysroot.
    words = calls.read_text().split()
    assert {*SYSROOT.flags, f"-I{SYSROOT.openmp_include}"} <= set(words)


CHECK = module.check_toolchain
"""The real one; the machine of the tests has another."""
