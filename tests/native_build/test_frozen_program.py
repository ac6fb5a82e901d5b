"""The native program as a whole; `make native` builds it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_accuracy import SPEECH_VARIABLE
from utterance import Utterance

from benchmarks.manifest import read_manifest
from buildkit.elf_sections import is_elf
from buildkit.places import CHECKOUT
from native_build.contents import BILL
from native_build.editions import EDITIONS, Edition
from native_build.freeze import read_settings
from native_build.prune import SYSTEM_LIBRARIES
from native_parts import libraries_of, newer_symbols, places_in
from scripts.layout import DISTRIBUTION
from scripts.native_program import NATIVE_PROGRAM
from transcriber.commands.terminal_files import COMPLETIONS, MANUAL
from transcriber.commands.terminal_files import FOLDER as TERMINAL
from transcriber.download.certificates import BUNDLED
from transcriber.other_pythons.worker_sources import BUNDLE as SOURCES

FOLDER = NATIVE_PROGRAM.parent

LARGEST = 80_000_000
"""Bytes of the unpacked program."""

LARGEST_APPIMAGES = {"ultra-lean": 18_000_000, "lean": 26_000_000}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def program() -> Path:
    if not NATIVE_PROGRAM.is_file():
        pytest.fail("there is no native program: `make native` builds it")
    return NATIVE_PROGRAM


@pytest.fixture(scope="module")
def files(program: Path) -> list[Path]:
    return [path for path in program.parent.rglob("*") if path.is_file()]


def test_it_is_small(files: list[Path]) -> None:
    assert sum(path.stat().st_size for path in files) <= LARGEST


@pytest.mark.parametrize("edition", EDITIONS.values(), ids=EDITIONS)
def test_the_appimages_are_as_small_as_the_readme_says(edition: Edition) -> None:
    size = (DISTRIBUTION / edition.appimage).stat().st_size
    assert size <= LARGEST_APPIMAGES[edition.name]
    assert f"| `{edition.appimage}` | {size / 1e6:.1f} MB |" in (CHECKOUT / "README.md").read_text()


def test_every_part_of_it_runs_on_an_old_system(program: Path, files: list[Path]) -> None:
    elf_files = [path for path in files if is_elf(path)]
    assert {path.name for path in elf_files} >= {program.name, "ffmpeg", "_C.so"}
    assert {path.name: newer for path in elf_files if (newer := newer_symbols(path))} == {}


def test_every_library_is_its_own_or_the_systems(files: list[Path]) -> None:
    names = {path.name for path in files}
    needed = {name for path in files if is_elf(path) for name in libraries_of(path)}
    assert needed <= names | SYSTEM_LIBRARIES


def test_every_file_has_a_reason(program: Path, files: list[Path]) -> None:
    report = json.loads(FOLDER.with_suffix(".prune.json").read_text())
    reasons = {item["path"]: item["reason"] for item in report if item["kept"]}
    assert all(reasons.values())
    added = {"ffmpeg", BUNDLED, BILL, SOURCES}
    added |= {f"{TERMINAL}/{name}" for name in (MANUAL, *COMPLETIONS.values())}
    found = {path.relative_to(FOLDER).as_posix() for path in files}
    assert {name for name in found if not name.startswith("licences/")} == {*reasons, *added}


def test_nothing_unwanted_is_in_it(program: Path) -> None:
    content = program.read_bytes()
    for package in read_settings().unwanted:
        assert not re.search(rb"\0" + package.encode() + rb"\.\w+\0", content), package


def test_no_folder_of_this_machine_is_in_it(files: list[Path]) -> None:
    contents = {path.name: path.read_bytes() for path in files}
    assert places_in(contents) == []


def test_it_needs_no_python_and_no_environment(program: Path, tmp_path: Path) -> None:
    copy = tmp_path / "a folder with späces"
    shutil.copytree(program.parent, copy)
    done = subprocess.run(
        [copy / program.name, "--version"],
        env={},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("transcriber ")


@pytest.mark.parametrize(
    "variable",
    [
        *("PYTHONDEVMODE=1", "PYTHONMALLOC=debug", "PYTHONIOENCODING=latin9", "PYTHONHASHSEED=abc"),
        *("PYTHONINSPECT=1", "PYTHONHOME=/nowhere", "PYTHONPATH=/nowhere", "PYTHONVERBOSE=1"),
    ],
)
def test_what_is_meant_for_another_python_does_nothing(program: Path, variable: str) -> None:
    done = subprocess.run(
        ["env", "-i", variable, program, "--version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("transcriber ")


def test_every_file_that_it_opens_is_its_own_or_the_systems(
    program: Path, models: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace to see what is opened")
    log = tmp_path / "log"
    words = ["--model", "tiny.en", "--model_dir", str(models), "--output_dir", str(tmp_path)]
    subprocess.run(
        [strace, "-f", "-e", "trace=open,openat", "-o", log, program, *words, utterances[0].path],
        env={"HOME": str(tmp_path), "PATH": os.defpath},
        capture_output=True,
        timeout=300,
        check=True,
    )
    opened = re.findall(r'"([^"]+)".*= \d+$', log.read_text(), re.MULTILINE)
    own = {path for path in opened if Path(path).is_relative_to(program.parent)}
    assert any(path.endswith("_C.so") for path in own)
    site = Path(sys.prefix).resolve()
    assert [path for path in opened if Path(path).resolve().is_relative_to(site)] == []
    # What was pruned, nothing asks for.
    report = json.loads(FOLDER.with_suffix(".prune.json").read_text())
    dropped = {str(FOLDER / item["path"]) for item in report if not item["kept"]}
    asked = set(re.findall(r'"([^"]+)"', log.read_text()))
    assert asked.isdisjoint(dropped)


@pytest.mark.parametrize("extra", [(), ("--beam_size", "None"), ("--word_timestamps", "True")])
def test_it_writes_what_the_modules_write(
    program: Path,
    models: Path,
    utterances: list[Utterance],
    tmp_path: Path,
    extra: tuple[str, ...],
) -> None:
    recordings = [utterance.path for utterance in utterances[:3]]
    compare_with_modules(program, models, recordings, extra, tmp_path)


@pytest.mark.timeout(1800)
def test_it_writes_what_the_modules_write_of_all_recordings(
    program: Path, models: Path, tmp_path: Path
) -> None:
    if SPEECH_VARIABLE not in os.environ:
        pytest.skip(f"{SPEECH_VARIABLE} names no folder of recordings with a manifest.tsv")
    speech = read_manifest(Path(os.environ[SPEECH_VARIABLE]))
    recordings = [item.path for item in speech]
    compare_with_modules(program, models, recordings, ("--beam_size", "None"), tmp_path)


def compare_with_modules(
    program: Path, models: Path, recordings: list[Path], extra: tuple[str, ...], folder: Path
) -> None:
    """Transcribe with both, and compare all files to the last bit."""
    words = ["--model", "base", "--model_dir", str(models), "--threads", "1", *extra]
    for name, start in (
        ("ours", [str(program)]),
        ("theirs", [sys.executable, "-m", "transcriber"]),
    ):
        command = [*start, "--output_dir", str(folder / name), *words, *map(str, recordings)]
        subprocess.run(command, check=True, capture_output=True, timeout=850)
    written = sorted((folder / "theirs").iterdir())
    assert len(written) == 5 * len(recordings)
    for path in written:
        assert (folder / "ours" / path.name).read_bytes() == path.read_bytes(), path.name


def test_another_python_decodes_for_it(
    program: Path, models: Path, utterances: list[Utterance], tmp_path: Path
) -> None:
    """That one gets its sources from the bundle: the program has no others."""
    stock = CHECKOUT / ".cache/stock/bin/python"
    for backend in ("own", "system"):
        done = subprocess.run(
            [
                *(program, utterances[0].path, "-o", tmp_path / backend, "--device", "cpu"),
                *("--model", "tiny.en", "--model_dir", models, "--word_timestamps", "True"),
                # What the other one computes in.
                *("--compute_type", "float32"),
                *("--backend", backend, "--python", stock, "--verbose", "False"),
            ],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (f"of {stock} on the processor" in done.stderr) == (backend == "system")
        assert "goes on" not in done.stderr
    own = {path.name: path.read_text() for path in (tmp_path / "own").iterdir()}
    system = {path.name: path.read_text() for path in (tmp_path / "system").iterdir()}
    assert own.keys() == system.keys()
    assert {name for name in own if own[name] != system[name]} <= {
        f"{utterances[0].path.stem}.json"
    }
