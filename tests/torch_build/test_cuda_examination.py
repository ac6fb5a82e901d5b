"""``benchmarks.gpu`` as a whole, on the stand-in for the CUDA runtime, which computes nothing.

So what compares numbers has to fail, and say it, and nothing may break off.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY
from utterance import Utterance

from benchmarks.gpu.__main__ import BROKEN
from fake_cuda_runtime import usable_addon
from torch_build.verify.interpreters import stock_python

pytestmark = pytest.mark.slow


def test_the_examination_fails_where_nothing_is_computed(
    tmp_path: Path, models: Path, utterances: list[Utterance]
) -> None:
    built, speech = tmp_path / "built", tmp_path / "speech"
    built.mkdir()
    speech.mkdir()
    usable_addon(built)
    ask = [sys.executable, "-c", "import torch; print(torch.__path__[0])"]
    torch = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    (built / "torch").symlink_to(torch)
    said = utterances[0]
    shutil.copy(said.path, speech)
    row = f"{said.path.name}\ten\t{said.reference}"
    (speech / "manifest.tsv").write_text(f"file\tlanguage\treference\n{row}\n")
    command: list[str | Path] = [sys.executable, REPOSITORY / "benchmarks/gpu/__main__.py", built]
    command += ["--models", models, "--speech", speech, "--model", "tiny.en", "--rounds", "1"]
    command += ["--stock", stock_python(), "--output", tmp_path]
    # Started by its path it needs no search path.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # All of it gets filled, and is memory of this machine.
    variables["FAKE_CUDA_MEMORY"] = str(1 << 30)
    done = subprocess.run(
        command,
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert done.returncode == BROKEN, done.stderr
    parts = {one["name"]: one for one in json.loads((tmp_path / "gpu.json").read_text())}
    states = {name: part["state"] for name, part in parts.items()}
    assert states.pop("machine") == "passed"
    assert parts["machine"]["figures"]["ours"]["name"] == "Fake GPU 0"
    for name in ("operators", "products", "transcripts", "speed", "memory"):
        assert states[name] == "failed", parts[name]
        assert parts[name]["failures"]
    assert not any("broke off" in part["why"] for part in parts.values())
    assert parts["operators"]["figures"]["differing operators"] > 100
    assert "the GPU was given up" in parts["transcripts"]["failures"][0]
    assert set(parts["speed"]["figures"]["absent"]) == {
        "openai-whisper on the GPU",
        "faster-whisper on the GPU",
    }
    # A full GPU, and a hidden one, are what the stand-in does as a real one does.
    assert parts["faults"]["failures"] == []
    assert (tmp_path / "gpu.md").read_text() in done.stdout
