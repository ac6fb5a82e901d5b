"""The fused operators' kernels, function by function, on every instruction set that is here."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from benchmarks.measuring.callgrind import provide_valgrind
from buildkit.places import build_cache
from whisper_build import (
    NEEDS,
    TESTS,
    build_program,
    compile_kernels,
    missing_features,
    present,
    sanitizer_flags,
    skip_unless_present,
    toolchain,
)

PROGRAM = TESTS / "whisper_kernels.cpp"
LOWEST_MODEL = "core2duo"
"""Of qemu's processors, one without AVX."""

pytestmark = pytest.mark.slow


def run(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=800, env=environment
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the program, compiled as the build compiles the kernels."""
    folder = tmp_path_factory.mktemp("kernels")
    tools = toolchain()
    objects = compile_kernels(tools, folder, present())
    return build_program(tools, folder / "program", [PROGRAM, *objects])


@pytest.mark.parametrize("capability", NEEDS)
def test_results_are_near_the_reference(program: Path, capability: str) -> None:
    skip_unless_present(capability)
    output = run([program, "8", capability])
    assert re.fullmatch(rf"{capability}: \d{{7}} comparisons, 0 failures, .*\n", output)


def test_integers_are_the_same_on_every_instruction_set(program: Path) -> None:
    output = run([program, "3", *present()])
    assert len(set(re.findall(r"integers (\w+)", output))) == 1
    assert output.count("\n") == len(present())


def test_a_processor_s_capabilities_include_each_other() -> None:
    found = present()
    assert found[0] == "default"
    # AVX-VNNI is a branch of its own.
    ladder = [capability for capability in NEEDS if capability != "avx_vnni"]
    assert [one for one in found if one != "avx_vnni"] == ladder[: len(set(found) & set(ladder))]
    assert all(missing_features(one) for one in NEEDS if one not in found)


def test_nothing_is_read_or_written_beyond_its_memory(tmp_path: Path) -> None:
    tools = toolchain()
    flags = sanitizer_flags(tools, "address,undefined")
    objects = compile_kernels(tools, tmp_path, present(), [*flags, "-g1"])
    program = build_program(tools, tmp_path / "program", [PROGRAM, *objects], flags)
    output = run([program, "3", *present()])
    assert output.count(" 0 failures") == len(present())


@pytest.mark.parametrize("capability", [one for one in NEEDS if one in {"default", "avx2"}])
def test_nothing_is_read_that_was_not_written(program: Path, capability: str) -> None:
    skip_unless_present(capability)
    valgrind = provide_valgrind(build_cache())
    words: list[str | Path] = [
        valgrind.program,
        "--quiet",
        "--error-exitcode=3",
        program,
        "--unfilled",
        "1",
    ]
    library = {"VALGRIND_LIB": str(valgrind.tools)} if valgrind.tools else {}
    assert " 0 failures" in run([*words, capability], {"PATH": "/usr/bin:/bin", **library})


def test_the_lowest_needs_no_newer_processor(program: Path) -> None:
    emulator = shutil.which("qemu-x86_64") or shutil.which("qemu-x86_64-static")
    if emulator is None:
        pytest.skip("there is no qemu-x86_64 on this machine")
    output = run([emulator, "-cpu", LOWEST_MODEL, program, "1", "default"])
    assert " 0 failures" in output
