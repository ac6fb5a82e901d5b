"""Files, libraries and relocations are counted as readelf does, and an import too many is seen."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.measuring.counts import (
    count_modules,
    count_relocations,
    file_counts,
    imported_modules,
    measure_counts,
)
from buildkit.errors import InputError, ToolError
from buildkit.places import CHECKOUT

PROGRAM = CHECKOUT / "build/native/program/lean"


@pytest.mark.slow
def test_the_counts_of_what_is_built() -> None:
    figures = {figure.name: figure.value for figure in measure_counts(CHECKOUT)}
    assert set(figures) == {"count/--version/modules"} | {
        f"count/{artefact}/{what}"
        for artefact in ("wheel", "ultra-lean folder", "lean folder")
        for what in ("files", "shared libraries", "relocations")
    }
    files = [path for path in PROGRAM.rglob("*") if path.is_file()]
    assert figures["count/lean folder/files"] == len(files)
    libraries = [path for path in files if ".so" in path.name]
    assert figures["count/lean folder/shared libraries"] == len(libraries)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("readelf"), reason="no readelf on this machine")
@pytest.mark.parametrize("name", ["transcriber.bin", "torch/_C.so", "torch/lib/libomp.so.5"])
def test_relocations_are_those_that_readelf_lists(name: str) -> None:
    words = ["readelf", "--relocs", "--wide", str(PROGRAM / name)]
    listing = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    entries = map(int, re.findall(r"contains (\d+) entr", listing))
    assert count_relocations((PROGRAM / name).read_bytes()) == sum(entries) > 0


def test_only_elf_files_have_relocations() -> None:
    counts = file_counts("wheel", {"a.so": b"text that is no library", "b.txt": b""})
    names = ("files", "shared libraries", "relocations")
    assert [(one.name, one.value) for one in counts] == [
        (f"count/wheel/{name}", value) for name, value in zip(names, (2, 0, 0), strict=True)
    ]


def test_an_import_too_many_is_seen(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "transcriber", tmp_path / "transcriber")
    before = imported_modules(package_parent=tmp_path)
    # The same, run after run.
    assert before == imported_modules() == sorted(set(before))
    assert {"transcriber", "transcriber.errors", "__main__", "sys"} <= {*before}
    assert not {"torch", "numpy", "whisper", "site"} & {*before}
    main = tmp_path / "transcriber/__main__.py"
    text = main.read_text()
    assert "\nimport os\n" in text
    main.write_text(text.replace("\nimport os\n", "\nimport os\n\nimport torch\n", 1))
    after = imported_modules(package_parent=tmp_path)
    assert "torch" in after
    assert len(after) > len(before) + 100
    figure = count_modules(package_parent=tmp_path)
    assert (figure.name, figure.value) == ("count/--version/modules", len(after))


def test_a_program_that_fails_or_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "transcriber").mkdir()
    (tmp_path / "transcriber/__init__.py").touch()
    (tmp_path / "transcriber/__main__.py").write_text("raise SystemExit('it does not run')")
    with pytest.raises(ToolError, match=r"^transcriber --version failed: it does not run$"):
        imported_modules(package_parent=tmp_path)
    with pytest.raises(InputError, match="there are 0 wheels"):
        measure_counts(tmp_path)
