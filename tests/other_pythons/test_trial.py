"""Trying a Python: what it says of itself, and what becomes of those that say nothing."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from transcriber.other_pythons import framing
from transcriber.other_pythons.candidates import Candidate
from transcriber.other_pythons.interpreters import Interpreter
from transcriber.other_pythons.trial import Starter, Trial, try_candidate

from .test_session import is_running, wait_until_gone

GOOD: dict[str, Any] = {
    "protocol": framing.VERSION,
    "python": "3.9.18",
    "torch": "2.5.1+cu124",
    "numpy": "2.0.2",
    "problem": "",
    "gpu": {"status": "works", "reason": "it multiplies rightly", "name": "H100"},
}


class Scripted:
    """A Python that answers as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "python3"
        self.process_id = folder / "process"
        self.trials: list[Trial] = []

    def attempt(self, script: str, *, gpu: int | None = 0, seconds: float = 30) -> Trial:
        # As a Python would, it gets a source after -c, which it does not look at here.
        self.path.write_text(f"#!/bin/sh\necho $$ > '{self.process_id}'\nread start\n{script}\n")
        self.path.chmod(0o755)
        interpreter = Interpreter(path=self.path, version=(3, 9), origin="test", packages=())
        environment = {**os.environ, "TRANSCRIBER_PROBE_TIMEOUT": str(seconds)}
        starter = Starter(bootstrap="pass", start=b"{}\n", environment=environment)
        candidate = Candidate(interpreter=interpreter, torch=None, problem="")
        trial = try_candidate(candidate, gpu, starter)
        self.trials.append(trial)
        return trial

    def answer(self, **changes: Any) -> Trial:
        line = json.dumps({"id": 1, "result": {**GOOD, **changes}})
        return self.attempt(f"read request\necho '{line}'\nexec sleep 60")


@pytest.fixture
def python(tmp_path: Path) -> Iterator[Scripted]:
    scripted = Scripted(tmp_path)
    yield scripted
    for trial in scripted.trials:
        trial.close()
    wait_until_gone(int(scripted.process_id.read_text()))


def test_one_that_will_do(python: Scripted) -> None:
    trial = python.answer()
    assert (trial.python, trial.torch, trial.problem) == ("3.9.18", "2.5.1+cu124", "")
    assert trial.has_gpu
    assert trial.gpu is not None
    assert trial.gpu.name == "H100"
    assert trial.session is not None
    assert is_running(trial.session.process_id)


def test_it_is_asked_for_the_gpu(python: Scripted) -> None:
    asked = python.path.with_name("asked")
    python.attempt(f"read request\necho \"$request\" > '{asked}'", gpu=3)
    assert json.loads(asked.read_text()) == {"id": 1, "do": "hello", "gpu": 3}


def test_one_without_a_working_gpu(python: Scripted) -> None:
    trial = python.answer(gpu={"status": "absent", "reason": "PyTorch finds no GPU"})
    assert trial.session is not None
    assert not trial.has_gpu


def test_one_where_no_gpu_was_tried(python: Scripted) -> None:
    trial = python.answer(gpu=None)
    assert trial.session is not None
    assert (trial.gpu, trial.has_gpu) == (None, False)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"problem": "it has no NumPy"}, "it has no NumPy"),
        ({"protocol": framing.VERSION + 1}, "it speaks another version of the protocol"),
        ({"protocol": None}, "it speaks another version of the protocol"),
        ({"torch": ""}, "it gave no readable answer"),
    ],
)
def test_one_that_will_not_do_is_ended(
    python: Scripted, changes: dict[str, Any], problem: str
) -> None:
    trial = python.answer(**changes)
    assert (trial.problem, trial.session) == (problem, None)
    wait_until_gone(int(python.process_id.read_text()))


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("kill -SEGV $$", "ended by SIGSEGV"),
        ("echo 'no such module' >&2; exit 3", "ended with exit code 3 (no such module)"),
        ("read request; echo '{\"alive\": true}'; echo garbage; sleep 60", "no readable answer"),
        ('read request; echo \'{"id": 1, "result": [1]}\'; sleep 60', "another version"),
    ],
)
def test_one_that_breaks(python: Scripted, script: str, problem: str) -> None:
    trial = python.attempt(script)
    assert problem in trial.problem
    assert trial.session is None
    assert len(trial.problem.splitlines()) == 1


def test_one_that_hangs(python: Scripted) -> None:
    begin = time.monotonic()
    trial = python.attempt("exec sleep 60", seconds=0.5)
    assert "did not answer in time" in trial.problem
    assert time.monotonic() - begin < 20


def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    interpreter = Interpreter(path=tmp_path / "nothing", version=(3, 9), origin="test", packages=())
    candidate = Candidate(interpreter=interpreter, torch=None, problem="")
    trial = try_candidate(candidate, None, Starter(bootstrap="pass", start=b"{}\n"))
    assert "cannot be started (No such file or directory)" in trial.problem
