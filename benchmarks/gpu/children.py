"""Starting the children of the examination, and reading what they say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.setup import Setup, child_variables
from buildkit.commands import last_line
from buildkit.errors import ToolError

SESSION = Path(__file__).with_name("session.py")

LIMIT = 3600.0
"""Seconds after which a child is taken to hang."""

FALLBACK = "the processor"
"""What the program says when a GPU failed and it goes on without."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """How the program ended: its exit code, and what it said on standard error."""

    code: int
    lines: tuple[str, ...]

    @property
    def failures(self) -> list[str]:
        """What it said of a GPU that it gave up: what was measured then is the processor."""
        said = next((line for line in self.lines if FALLBACK in line), "")
        return [f"the GPU was given up: {said}"] if said else []


def ask(python: Path, variables: Mapping[str, str], *words: str) -> Any:
    """Return what `session` answers in an interpreter; `ToolError` when it does not."""
    done = _run([str(python), "-W", "ignore", str(SESSION), *words], variables)
    answers = [line for line in done.stdout.splitlines() if line.startswith(("{", "["))]
    if done.returncode or not answers:
        reason = f"it ended with {done.returncode}: {last_line(done.stderr)}"
        raise ToolError(f"{words[0]} under {python}: {reason}")
    return json.loads(answers[-1])


def options_of(setup: Setup, device: str, output: Path, *files: Path) -> list[str]:
    """Return the program's options for recordings, on a device.

    One temperature, so that nothing is decoded twice on one device alone.
    """
    return [
        *("--device", device, "--model", setup.model, "--model_dir", str(setup.needed_models())),
        *("--temperature", "0", "--temperature_increment_on_fallback", "None"),
        *("--verbose", "False", "--output_dir", str(output), *map(str, files)),
    ]


def command_of(setup: Setup, options: Sequence[str]) -> tuple[str, ...]:
    """Return how the program is started as modules of this checkout, on the stripped PyTorch."""
    return (str(setup.python), "-m", "transcriber", "--backend", "own", *options)


def program(setup: Setup, options: Sequence[str], **more: str) -> Run:
    """Run the program to its end; `more` are variables."""
    done = _run(command_of(setup, options), {**setup.ours(), **more})
    return Run(code=done.returncode, lines=tuple(done.stderr.splitlines()))


def _run(command: Sequence[str], variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            env=child_variables(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{command[0]} took longer than {LIMIT:.0f} s") from error
