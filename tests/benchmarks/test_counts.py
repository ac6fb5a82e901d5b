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

PROGRAM = CHECKOUT / "build/native/program"


@pytest.mark.slow
def test_the_counts_of_what_is_built() -> None:
    figures = {figure.name: figure for figure in measure_counts(CHECKOUT)}
    whats = ("files", "shared libraries", "relocations")
    artefacts = ("wheel", "ultra-lean folder", "lean folder")
    expected = {f"count/{artefact}/{what}" for artefact in artefacts for what in whats}
    assert set(figures) == {*expected, "count/--version/modules"}
    assert all(figure.unit == "" and figure.value > 0 for figure in figures.values())
    files = [path for path in (PROGRAM / "lean").rglob("*") if path.is_file()]
    assert figures["count/lean folder/files"].value == len(files)
    libraries = [path for path in files if ".so" in path.name]
    assert figures["count/lean folder/shared libraries"].value == len(libraries)


@pytest.mark.slow
def test_relocations_are_those_that_readelf_lists() -> None:
    readelf = shutil.which("readelf")
    if readelf is None:
        pytest.skip("no readelf on this machine")
    for name in ("transcriber.bin", "torch/_C.so", "torch/lib/libomp.so.5"):
        path = PROGRAM / "lean" / name
        words = [readelf, "--relocs", "--wide", str(path)]
        listing = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        entries = re.findall(r"contains (\d+) entr", listing)
        assert count_relocations(path.read_bytes()) == sum(map(int, entries)) > 0


def test_only_elf_files_have_relocations() -> None:
    contents = {"a.so": b"text that is no library", "b.txt": b""}
    counts = {one.name.rpartition("/")[2]: one.value for one in file_counts("wheel", contents)}
    assert counts == {"files": 2, "shared libraries": 0, "relocations": 0}


def test_the_modules_are_those_of_python_m() -> None:
    modules = imported_modules()
    assert {"transcriber", "transcriber.errors", "__main__", "sys"} <= {*modules}
    assert len(modules) == len(set(modules)) == count_modules().value
    assert not {"torch", "numpy", "whisper", "site"} & set(modules)
    assert count_modules().name == "count/--version/modules"
    # The same, run after run.
    assert imported_modules() == modules


def test_an_import_too_many_is_seen(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(CHECKOUT / "transcriber", copy / "transcriber")
    before = imported_modules(package_parent=copy)
    assert before == imported_modules()
    main = copy / "transcriber/__main__.py"
    text = main.read_text()
    planted = text.replace("\nimport os\n", "\nimport os\n\nimport torch\n", 1)
    assert planted != text
    main.write_text(planted)
    after = imported_modules(package_parent=copy)
    assert "torch" in after
    assert len(after) > len(before) + 100
    assert count_modules(package_parent=copy).value == len(after)


def test_a_program_that_fails_or_is_missing_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "transcriber").mkdir()
    (tmp_path / "transcriber/__init__.py").touch()
    (tmp_path / "transcriber/__main__.py").write_text("raise SystemExit('it does not run')")
    with pytest.raises(ToolError, match="transcriber --version failed: it does not run"):
        imported_modules(package_parent=tmp_path)
    with pytest.raises(ToolError) as failure:
        imported_modules(package_parent=tmp_path / "nowhere")
    assert "\n" not in str(failure.value)
    with pytest.raises(InputError, match="there are 0 wheels"):
        measure_counts(tmp_path)
