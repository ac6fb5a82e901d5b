"""The work team of the fused operators under a sanitizer for threads."""

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
