"""A GPU that only a Python of the system can use: the whole way, with a GPU that is made up.

The driver is an empty file of its library's name, the Python is that of ``make setup`` in the
clothes of an environment with a CUDA build; it claims to have a GPU and computes on the processor.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from killing import contents
from utterance import Utterance

from .machines import install_torch
from .pythons import STOCK

pytestmark = pytest.mark.slow

DISGUISE = """
import os, sys

CALLS = 'worker = importlib.import_module(start["main"])'

def change(worker):
    hello, load, encode = worker.hello, worker.Worker._load, worker.Worker._encode
    encoded = []
    def claim(gpu):
        if os.environ.get("MADE_UP_GPU") == "absent":
            return {**hello(None), "gpu": {"status": "absent", "reason": "made up to be absent"}}
        works = {"status": "works", "reason": "made up", "name": "Made-up GPU"}
        return {**hello(None), "gpu": works if gpu is not None else None}
    def load_here(self, device, **rest):
        assert device == "cuda:0", device
        return load(self, device="cpu", **rest)
    def encode_until_it_fails(self, window, **rest):
        encoded.append(window)
        if os.environ.get("MADE_UP_GPU") == f"fails at {len(encoded)}":
            raise RuntimeError("CUDA error: unspecified launch failure\\nadvice for programmers")
        return encode(self, window, **rest)
    worker.hello, worker.Worker._load = claim, load_here
    worker.Worker._encode = encode_until_it_fails

code = sys.argv[2]
assert code.count(CALLS) == 1
with open(os.environ["MADE_UP_STARTS"], "a") as starts:
    starts.write("started\\n")
names = {"__name__": "__main__", "change": change}
exec(compile(code.replace(CALLS, CALLS + "; change(worker)"), "bootstrap", "exec"), names)
"""

Transcribe = Callable[..., Any]


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """Return the folder of an environment that claims to have a CUDA build."""
    folder = tmp_path / "environment"
    (folder / "bin").mkdir(parents=True)
    (folder / "disguise.py").write_text(DISGUISE)
    python = folder / "bin/python"
    python.write_text(f'#!/bin/sh\nexec "{STOCK}" "{folder}/disguise.py" "$@"\n')
    python.chmod(0o755)
    (folder / "pyvenv.cfg").write_text("home = /nowhere/bin\nversion = 3.11.7\n")
    install_torch(folder / "lib/python3.11/site-packages", "2.99.0+cu128", cuda="12.8")
    return folder


@pytest.fixture
def transcribe(run: Run, environment: Path, models: Path, tmp_path: Path) -> Transcribe:
    """Return a function that transcribes on that machine; it returns the end of the process."""
    driver = tmp_path / "driver"
    driver.mkdir()
    (driver / "libcuda.so.1").touch()

    def transcribe_there(recording: Path, output: str, *options: str, gpu: str = "works") -> Any:
        given = ["--model", "tiny.en", "--beam_size", "None", "--threads", "1", *options]
        # What the GPU would compute, which the stand-in does in single precision.
        given += ["--compute_type", "float32"]
        return run(
            *(recording, "-o", tmp_path / output, "--verbose", "False", *given),
            *("--model_dir", models),
            env={
                **os.environ,
                "LD_LIBRARY_PATH": str(driver),
                "VIRTUAL_ENV": str(environment),
                "XDG_CACHE_HOME": str(tmp_path / "cache"),
                "MADE_UP_GPU": gpu,
                "MADE_UP_STARTS": str(tmp_path / "starts"),
            },
        )

    return transcribe_there


def test_auto_takes_the_only_way_to_the_gpu(
    transcribe: Transcribe, long_recording: Path, tmp_path: Path
) -> None:
    own = transcribe(long_recording, "own", "--backend", "own")
    assert own.returncode == 0, own.stderr
    assert "using the processor: cuda:0 is not usable" in own.stderr
    assert not (tmp_path / "starts").exists()

    taken = transcribe(long_recording, "auto")
    assert taken.returncode == 0, taken.stderr
    python = tmp_path / "environment/bin/python"
    (line,) = [line for line in taken.stderr.splitlines() if "using" in line]
    assert line.startswith("using the PyTorch 2.")
    assert line.endswith(f"of {python} on Made-up GPU: the program's own cannot use the GPU")
    assert texts(tmp_path / "auto") == texts(tmp_path / "own")

    failed = transcribe(long_recording, "failed", gpu="fails at 3")
    assert failed.returncode == 0, failed.stderr
    assert (
        f"the GPU has failed under the PyTorch of {python} (RuntimeError: CUDA error: unspecified "
        "launch failure); the processor goes on at "
    ) in failed.stderr
    assert texts(tmp_path / "failed") == texts(tmp_path / "own")


def texts(folder: Path) -> dict[str, bytes]:
    """Return all files but the one with probabilities, whose last digits may differ."""
    found = contents(folder)
    assert len(found) == 5
    return {name: content for name, content in found.items() if not name.endswith(".json")}


def test_what_cannot_use_the_gpu_is_tried_once(
    transcribe: Transcribe, utterances: list[Utterance], tmp_path: Path
) -> None:
    for number in range(2):
        done = transcribe(utterances[0].path, str(number), gpu="absent")
        assert done.returncode == 0, done.stderr
        (line,) = [line for line in done.stderr.splitlines() if "using" in line]
        assert line.startswith("using the processor: cuda:0 is not usable")
    assert (tmp_path / "starts").read_text() == "started\n"
    remembered = json.loads((tmp_path / "cache/whisper-transcriber/system.json").read_text())
    # Other Pythons with a CUDA build, which a machine may have, find no driver in an empty file.
    assert "made up to be absent" in [entry["reason"] for entry in remembered.values()]


def test_no_gpu_for_the_processor(
    transcribe: Transcribe, utterances: list[Utterance], tmp_path: Path
) -> None:
    done = transcribe(utterances[0].path, "cpu", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "using" not in done.stderr
    assert not (tmp_path / "starts").exists()
