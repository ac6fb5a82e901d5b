"""The whole program on the CUDA add-on, whose runtime fails at a call of a test's choice.

The add-on is the built one, but for the runtime: that is `fake_cuda_runtime`, whose kernels compute
nothing. So each run ends on the processor, and all of PyTorch's code for a GPU that runs on the
processor has its part in how it gets there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY
from utterance import Utterance

from fake_cuda_runtime import toolkit, usable_addon

CUDA = toolkit()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CUDA is None, reason="no CUDA toolkit: CUDA_HOME may name one"),
]

# A trial would find that the GPU computes nothing.
RUN = """
import transcriber.choosing.engine as choice
from transcriber.choosing.device import Device
gpu = Device(kind="cuda", index=0, name="Fake GPU", reason="taken for granted")
choice.choose_device = lambda *_, **__: gpu
from transcriber.__main__ import start
start()
"""

BEGIN, FIRST = "the processor is used instead", "the processor goes on from the beginning"

FAULTS = {
    "": ("it miscalculates the encoder's output", FIRST),
    "cudaGetDeviceCount:*:100": ("no CUDA-capable device is detected", BEGIN),
    "cudaGetDeviceCount:*:803": ("system has unsupported display driver", BEGIN),
    "cudaMalloc:*:2": ("out of memory", BEGIN),
    "cudaMemcpyAsync:30:719": ("unspecified launch failure", BEGIN),
    "cudaStreamSynchronize:1:999": ("unknown error", BEGIN),
    "cudaStreamSynchronize:1:214": ("uncorrectable ECC error encountered", BEGIN),
    "cudaLaunchKernel:1:719": ("unspecified launch failure", FIRST),
    "cudaLaunchKernel:9:209": ("no kernel image is available for execution", FIRST),
    "cudaLaunchKernel:50:700": ("an illegal memory access was encountered", FIRST),
    "cudaLaunchKernel:9:701": ("too many resources requested for launch", FIRST),
    "cudaLaunchKernel:50:715": ("an illegal instruction was encountered", FIRST),
}

Transcribe = Callable[..., tuple[str, list[str]]]


@pytest.fixture(scope="module")
def add_on(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return usable_addon(tmp_path_factory.mktemp("add-on"))


@pytest.fixture
def transcribe(
    add_on: Path, models: Path, utterances: list[Utterance], tmp_path: Path
) -> Transcribe:
    """Return a function that transcribes a recording; it returns text and messages."""

    def run(*, device: str = "cuda", start: str = RUN, **settings: str) -> tuple[str, list[str]]:
        variables = {f"FAKE_CUDA_{name}": value for name, value in settings.items()}
        variables |= {"TORCH_CUDA_ADDON": str(add_on), "XDG_CACHE_HOME": str(tmp_path / "cache")}
        path = [str(REPOSITORY), *filter(None, [os.environ.get("PYTHONPATH")])]
        output = tmp_path / f"files of {device}"
        arguments = [str(utterances[0].path), "-o", str(output), "-f", "txt", "--device", device]
        arguments += ["--model", "tiny.en", "--model_dir", str(models), "--beam_size", "None"]
        arguments += ["--verbose", "False", "--backend", "own", "--threads", "1"]
        done = subprocess.run(
            [sys.executable, "-c", start, *arguments],
            env={**os.environ, **variables, "PYTHONPATH": ":".join(path)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (file,) = output.iterdir()
        told = [line for line in done.stderr.splitlines() if "; wrote " not in line]
        return file.read_text(), told

    return run


@pytest.fixture(scope="module")
def said(utterances: list[Utterance]) -> str:
    """Return a few words of the recording."""
    return "how much there might be prudently"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_that_fails(transcribe: Transcribe, said: str, fault: str) -> None:
    reason, what_now = FAULTS[fault]
    text, lines = transcribe(FAIL=fault)
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"cuda:0 failed: {reason}")
    assert lines[0].endswith(f"; {what_now}")
    assert said in text


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"FILL": "255"}, "it miscalculates the encoder's output"),
        ({"MEMORY": "60000000"}, "60 MB of its memory are free, and the model tiny.en needs more"),
        ({"MEMORY": "100000000"}, "out of memory"),
        ({"CAPABILITY": "6.1"}, "Fake GPU 0 has compute capability 6.1"),
        ({"DRIVER": "11040"}, "CUDA driver version is insufficient"),
        ({"DRIVER": "0"}, "there is no NVIDIA driver"),
        ({"DEVICES": "0"}, "no CUDA-capable device is detected"),
    ],
)
def test_a_gpu_that_does_not_do(
    transcribe: Transcribe, said: str, settings: dict[str, str], reason: str
) -> None:
    text, lines = transcribe(**settings)
    assert len(lines) == 1, lines
    assert lines[0].startswith(f"cuda:0 failed: {reason}")
    assert said in text
