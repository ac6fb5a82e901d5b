"""Starting the children of the examination, and reading what they say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.setup import Setup, child_variables
from buildkit.errors import ToolError

SESSION = Path(__file__).with_name("session.py")

LIMIT = 3600.0
"""Seconds after which a child is taken to hang."""

FALLBACK = "the processor"
"""What the program says when a GPU failed and it goes on without."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """How the program ended.

    Attributes
    ----------
    code : int
        Its exit code.
    lines : tuple of str
        What it said on standard error.
    """

    code: int
    lines: tuple[str, ...]

    @property
    def fell_back(self) -> str:
        """What it said of a GPU that failed, or nothing."""
        return next((line for line in self.lines if FALLBACK in line), "")

    @property
    def last_line(self) -> str:
        """The last thing it said."""
        return self.lines[-1] if self.lines else "it said nothing"


def ask(python: Path, variables: Mapping[str, str], *words: str) -> Any:
    """Return what `session` answers in an interpreter.

    Raises
    ------
    ToolError
        When it ends without an answer.
    """
    done = _run([str(python), "-W", "ignore", str(SESSION), *words], variables)
    answers = [line for line in done.stdout.splitlines() if line.startswith(("{", "["))]
    if done.returncode or not answers:
        said = done.stderr.strip().splitlines()
        reason = said[-1] if said else f"it ended with {done.returncode}"
        raise ToolError(f"{words[0]} under {python}: {reason}")
    return json.loads(answers[-1])


def options_of(setup: Setup, device: str, output: Path, *files: Path) -> list[str]:
    """Return the program's options for recordings, on a device.

    One temperature, so that nothing is decoded twice on one device alone.
    """
    return [
        *("--device", device, "--backend", "own", "--model", setup.model),
        *("--model_dir", str(setup.needed_models()), "--output_dir", str(output)),
        *("--temperature", "0", "--temperature_increment_on_fallback", "None"),
        *("--verbose", "False", *map(str, files)),
    ]


def program(setup: Setup, options: Sequence[str], **more: str) -> Run:
    """Run the program as modules of this checkout, on the stripped PyTorch."""
    command = [str(setup.python), "-m", "transcriber", *options]
    done = _run(command, {**setup.ours(), **more})
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
    except OSError as error:
        raise ToolError(f"cannot start {command[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{command[0]} took longer than {LIMIT:.0f} s") from error
