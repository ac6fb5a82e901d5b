"""What the wheel asks of the system that it is installed on."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.layout import DISTRIBUTION
from torch_build.build import WHEEL
from torch_build.link import MODULE

NEWEST = {"GLIBC": (2, 31), "GLIBCXX": (3, 4, 28), "CXXABI": (1, 3, 12)}
"""What the libraries of Debian 11 have, the oldest system that the wheel is for."""

OF_GLIBC = {
    f"{name}.so" for name in ("libc", "libm", "libdl", "librt", "libpthread", "ld-linux-x86-64")
}


def needed_by(path: Path) -> dict[str, str]:
    """Return the symbols that a library cannot do without, with their versions."""
    words: list[str | Path] = ["nm", "--dynamic", "--undefined-only", path]
    listed = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    symbols = (line.split()[-1] for line in listed.splitlines() if " U " in line)
    return {name: version for name, _, version in (one.partition("@") for one in symbols)}


def newer(versions: set[str]) -> set[str]:
    """Return those of `versions` that the oldest system lacks."""
    found = {one: re.fullmatch(r"([A-Z]+)_([\d.]+)", one) for one in versions}
    return {
        one
        for one, match in found.items()
        if match and match[1] in NEWEST and tuple(map(int, match[2].split("."))) > NEWEST[match[1]]
    }


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the compiled files of the wheel, by their names."""
    if not (DISTRIBUTION / WHEEL).is_file():
        pytest.skip("`make torch` builds the wheel")
    if shutil.which("nm") is None or shutil.which("objdump") is None:
        pytest.skip("needs nm and objdump")
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(DISTRIBUTION / WHEEL) as wheel:
        wheel.extractall(folder)
    return {path.name: path for path in _compiled(folder)}


def _compiled(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            yield path


def test_the_versions_are_compared_as_numbers() -> None:
    versions = {"GLIBC_2.31", "GLIBC_2.4", "GLIBCXX_3.4.28", "CXXABI_1.3", "OMP_5.0", "VERSION", ""}
    too_new = {"GLIBC_2.32", "GLIBC_2.100", "GLIBCXX_3.4.29", "CXXABI_1.3.13"}
    assert newer(versions | too_new) == too_new


def test_no_file_needs_a_newer_system(libraries: dict[str, Path]) -> None:
    assert set(libraries) == {MODULE, "libomp.so.5"}
    for name, path in libraries.items():
        versions = {version.lstrip("@") for version in needed_by(path).values()}
        assert "GLIBC_2.2.5" in versions, f"{name}: no versions were read"
        assert not newer(versions), name


def test_no_file_needs_libraries_beside_the_c_library(libraries: dict[str, Path]) -> None:
    for path in libraries.values():
        words: list[str | Path] = ["objdump", "--private-headers", path]
        printed = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        needed = set(re.findall(r"NEEDED +(\S+?)(?:\.\d+)*$", printed.stdout, flags=re.MULTILINE))
        assert "libc.so" in needed
        assert needed - OF_GLIBC <= {"libomp.so"}


def test_the_openmp_library_has_what_the_compiler_calls(libraries: dict[str, Path]) -> None:
    # The compiler is of a newer release of LLVM than the library.
    words: list[str | Path] = ["nm", "--dynamic", "--defined-only", libraries["libomp.so.5"]]
    listed = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    defined = {line.split()[-1].partition("@")[0] for line in listed.splitlines()}
    needed = needed_by(libraries[MODULE])
    called = {name for name in needed if name.startswith(("__kmpc_", "omp_", "GOMP_"))}
    assert "__kmpc_fork_call" in called
    assert called <= defined
    # The linker lets any name pass, for the interpreter's sake.
    assert {name for name, version in needed.items() if not version} <= {
        name for name in needed if name.startswith(("Py", "_Py"))
    }
