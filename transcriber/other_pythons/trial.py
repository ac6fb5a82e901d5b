"""Trying a Python of the system: start the worker in it and hear what it has."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transcriber.errors import EngineFailedError
from transcriber.machine.probe_runner import ProbeResult, probe_seconds, result_from
from transcriber.other_pythons import framing
from transcriber.other_pythons.candidates import Candidate
from transcriber.other_pythons.session import Session
from transcriber.other_pythons.worker_sources import (
    BOOTSTRAP,
    package_folder,
    read_sources,
    start_message,
)

START_SECONDS = 120.0
"""Longest time until a Python has told what it has, unless ``TRANSCRIBER_PROBE_TIMEOUT`` names
another: loading a CUDA build of PyTorch from a cold disk takes most of it."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of trying a candidate.

    Attributes
    ----------
    candidate : Candidate
        What was tried.
    session : Session or None
        The running child, where it can be used.
    python, torch : str
        The versions that it told.
    gpu : ProbeResult or None
        What became of the GPU that was tried in it, if one was wanted.
    problem : str
        Why it cannot be used.
    """

    candidate: Candidate
    session: Session | None = None
    python: str = ""
    torch: str = ""
    gpu: ProbeResult | None = None
    problem: str = ""

    @property
    def has_gpu(self) -> bool:
        """Whether it multiplies matrices rightly on the GPU."""
        return self.gpu is not None and self.gpu.status == "works"

    def close(self) -> None:
        """End the child."""
        if self.session is not None:
            self.session.close()


@dataclass(frozen=True, kw_only=True)
class Starter:
    """How the worker is started in a Python.

    Attributes
    ----------
    bootstrap : str
        The source that goes onto the command line.
    start : bytes
        What it reads first.
    environment : mapping
        Its environment variables.
    """

    bootstrap: str
    start: bytes
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @classmethod
    def of_this_program(cls, environment: Mapping[str, str] = os.environ) -> Starter:
        """Return the one that brings this program's sources."""
        sources = read_sources()
        start = start_message(sources, package_folder("whisper"))
        bootstrap = sources[f"{BOOTSTRAP.replace('.', '/')}.py"]
        return cls(bootstrap=bootstrap, start=start, environment=environment)

    def open(self, path: Path) -> Session:
        """Start the worker in the Python at `path`."""
        command = [str(path), "-c", self.bootstrap]
        return Session(str(path), command, self.start, environment=self.environment)


def try_candidate(candidate: Candidate, gpu: int | None, starter: Starter) -> Trial:
    """Start a Python and hear what it has.

    Parameters
    ----------
    candidate : Candidate
        One without a known problem.
    gpu : int or None
        The number of the GPU to try in it.
    starter : Starter
        How it is started.

    Returns
    -------
    Trial
        Always; its session is running where there is no problem.
    """
    limit = probe_seconds(starter.environment, START_SECONDS)
    try:
        session = starter.open(candidate.interpreter.path)
        found = session.request("hello", seconds=limit, gpu=gpu)
    except EngineFailedError as error:
        return Trial(candidate=candidate, problem=error.message)
    python, torch, problem = (_text(found, key) for key in ("python", "torch", "problem"))
    if not isinstance(found, dict) or found.get("protocol") != framing.VERSION:
        problem = "it speaks another version of the protocol"
    elif not problem and not torch:
        problem = "it gave no readable answer"
    if problem:
        session.close()
        return Trial(candidate=candidate, python=python, torch=torch, problem=problem)
    return Trial(
        candidate=candidate,
        session=session,
        python=python,
        torch=torch,
        gpu=result_from(found.get("gpu")),
    )


def _text(found: Any, key: str) -> str:
    text = found.get(key, "") if isinstance(found, dict) else ""
    return " ".join(str(text).split())[:300]
