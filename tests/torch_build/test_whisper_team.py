"""The work team of the fused operators under a sanitizer for threads, and its memory."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from whisper_build import SOURCES, TESTS, build_program, sanitizer_flags, toolchain

pytestmark = pytest.mark.slow


def test_no_chunk_is_lost_and_no_write_is_missed(tmp_path: Path) -> None:
    tools = toolchain()
    flags = sanitizer_flags(tools, "thread")
    inputs = [TESTS / "whisper_team.cpp", SOURCES / "team.cpp"]
    program = build_program(tools, tmp_path / "team", inputs, flags)
    # The team's child works on after a fork, with threads of its own.
    environment = {**os.environ, "TSAN_OPTIONS": "die_after_fork=0 halt_on_error=1"}
    done = subprocess.run(
        [program], capture_output=True, text=True, check=False, timeout=400, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 failures\n", "")


def test_a_thread_has_its_own_memory_and_is_told_that_there_is_none(tmp_path: Path) -> None:
    inputs = [TESTS / "whisper_scratch.cpp", SOURCES / "scratch.cpp", SOURCES / "team.cpp"]
    program = build_program(toolchain(), tmp_path / "scratch", inputs)
    done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 failures\n", "")
