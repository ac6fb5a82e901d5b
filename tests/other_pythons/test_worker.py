"""The child's side of the protocol."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from transcriber.engine import openai_whisper

openai_whisper.load()

# As where a model is decoded, whose errors are told here.
import transcriber.engine.model  # noqa: E402, F401
from transcriber.errors import EngineFailedError, ModelError  # noqa: E402
from transcriber.machine.memory import memory_error  # noqa: E402
from transcriber.other_pythons import framing, worker  # noqa: E402
from transcriber.other_pythons.error_data import describe  # noqa: E402
from transcriber.other_pythons.greeting import hello  # noqa: E402
from transcriber.other_pythons.worker_sources import BOOTSTRAP, read_sources, start_message  # noqa: E402

from .pythons import PYTHONS, Python  # noqa: E402


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ModelError("base.pt is damaged", "fetch it"), "ModelError", "base.pt is damaged"),
        (MemoryError(), "memory", "MemoryError"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 9"),
            "memory",
            "",
        ),
        (torch.OutOfMemoryError("CUDA out of memory."), "memory", "CUDA out of memory."),
        (caused(memory_error("base"), MemoryError()), "memory", "MemoryError"),
        (RuntimeError("CUDA error: an illegal memory access\nadvice"), "gpu", "illegal memory"),
        (RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"), "gpu", "EXECUTION_FAILED"),
        (caused(ModelError("not a checkpoint"), RuntimeError("CUDA error: lost")), "gpu", "lost"),
        (
            caused(EngineFailedError("cuda:0 failed: lost"), RuntimeError("CUDA error: lost")),
            "EngineFailedError",
            "cuda:0 failed: lost",
        ),
        (ZeroDivisionError("division\nby zero"), "other", "ZeroDivisionError: division"),
        (KeyError(), "other", "KeyError"),
    ],
)
def test_errors_become_data(error: Exception, kind: str, message: str) -> None:
    described = describe(error)
    assert described["kind"] == kind
    assert message in described["message"]
    assert len(described["message"].splitlines()) == 1
    assert json.loads(json.dumps(described)) == described


def test_hello() -> None:
    assert hello(None) == {
        "protocol": framing.VERSION,
        "python": sys.version.split()[0],
        "torch": torch.__version__,
        "numpy": np.__version__,
        "problem": "",
        "gpu": None,
    }


def test_hello_tries_a_gpu() -> None:
    found = hello(7)["gpu"]
    # Few machines have eight.
    assert found["status"] in ("absent", "works")
    assert found["reason"]


@pytest.mark.parametrize("module", ["torch", "numpy"])
def test_hello_without(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    problem = hello(0)["problem"]
    assert problem == f"it has no {'PyTorch' if module == 'torch' else 'NumPy'}"


def test_hello_of_an_old_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "__version__", "1.12.1+cu102")
    assert hello(0)["problem"] == "its PyTorch 1.12.1+cu102 is older than 1.13"


def test_hello_of_a_numpy_that_torch_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> None:
        raise RuntimeError("Numpy is not available")

    monkeypatch.setattr(torch, "from_numpy", refuse)
    assert hello(0)["problem"] == "it does not load: RuntimeError: Numpy is not available"


def test_what_takes_long_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "ALIVE_SECONDS", 0.05)
    stream = io.BytesIO()
    line = worker._Line(stream)
    with line.working():
        time.sleep(0.3)
    signs = stream.getvalue().splitlines()
    assert 2 <= len(signs) <= 6
    assert set(signs) == {b'{"alive": true}'}
    time.sleep(0.15)
    assert len(stream.getvalue().splitlines()) == len(signs)


class Child:
    """The real worker in a Python of this machine."""

    def __init__(self, python: Path, folder: Path) -> None:
        sources = read_sources()
        bootstrap = sources[f"{BOOTSTRAP.replace('.', '/')}.py"]
        self.process = subprocess.Popen(
            [python, "-c", bootstrap],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
        )
        self.send(start_message(sources, Path(openai_whisper.load().__file__).parent))

    def send(self, content: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def ask(self, what: str, **arguments: Any) -> dict[str, Any]:
        self.send(framing.pack({"id": 7, "do": what, **arguments}))
        assert self.process.stdout is not None
        while True:
            message = framing.parse(self.process.stdout.readline())
            if "alive" not in message:
                return message

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture(params=PYTHONS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Child]:
    python = request.param
    assert isinstance(python, Python)
    for name in ("torch.py", "json.py", "transcriber.py"):
        # What lies in the current folder must not be loaded.
        (tmp_path / name).write_text("raise ZeroDivisionError('loaded from the current folder')\n")
    process = Child(python.path, tmp_path)
    yield process
    process.close()


def test_it_runs_in_every_python(running: Child) -> None:
    answer = running.ask("hello", gpu=None)
    assert answer["id"] == 7
    found = answer["result"]
    assert found["protocol"] == framing.VERSION
    # What has no PyTorch says so, in the same words that its files have led to.
    assert found["torch"] or found["problem"] == "it has no PyTorch"


def test_an_unknown_request_ends_nothing(running: Child) -> None:
    assert running.ask("dance")["error"]["kind"] == "other"
    assert "result" in running.ask("hello", gpu=None)


def test_it_stops_when_told(running: Child) -> None:
    running.send(framing.pack({"id": 1, "do": "stop"}))
    assert running.process.wait(timeout=60) == 0


def test_it_ends_with_its_input(running: Child) -> None:
    assert running.process.stdin is not None
    running.process.stdin.close()
    assert running.process.wait(timeout=60) == 0


def test_ctrl_c_is_the_parents_to_handle(running: Child) -> None:
    running.ask("hello", gpu=None)
    os.kill(running.process.pid, signal.SIGINT)
    assert "result" in running.ask("hello", gpu=None)
