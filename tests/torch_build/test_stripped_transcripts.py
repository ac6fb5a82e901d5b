"""Whole transcripts of the stripped build against openai-whisper on stock PyTorch."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from torch_build.verify.interpreters import (
    CHECKOUT,
    STRIPPED_SUFFIX,
    child_environment,
    our_python,
    stock_python,
    torch_version,
)

SPEECH_VARIABLE = "TRANSCRIBER_PARITY_SPEECH"
"""A folder of recordings with a manifest.tsv, in place of the five of the set-up."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(6 * 3600)]


@pytest.mark.parametrize("configuration", ["greedy", "beam 5", "greedy, words"])
def test_transcripts_are_those_of_stock(models: Path, configuration: str) -> None:
    recordings = os.environ.get(SPEECH_VARIABLE, CHECKOUT / ".cache" / "speech")
    version = torch_version(our_python())
    if not version.endswith(STRIPPED_SUFFIX):
        pytest.skip(f"PyTorch is {version}: `make torch` builds and installs the stripped one")
    script = CHECKOUT / "benchmarks" / "parity.py"
    options: list[str | Path] = ["--only", configuration, "--model_dir", models]
    options += ["--reference_python", stock_python()]
    command = [our_python(), script, recordings, *options]
    done = subprocess.run(
        command, env=child_environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
