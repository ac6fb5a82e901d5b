"""The memory that the kernels compute in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from whisper_build import SOURCES, TESTS, build_program, toolchain

pytestmark = pytest.mark.slow


def test_a_thread_has_its_own_memory_and_is_told_that_there_is_none(tmp_path: Path) -> None:
    inputs = [TESTS / "whisper_scratch.cpp", SOURCES / "scratch.cpp", SOURCES / "team.cpp"]
    program = build_program(toolchain(), tmp_path / "scratch", inputs)
    done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 failures\n", "")
