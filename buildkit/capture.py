"""Start the programs of the build."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from os import PathLike

from buildkit.errors import ToolError

Words = Sequence[str | PathLike[str]]


def run_with_input(
    words: Words, text: str, *, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a program with `text` on its standard input.

    Returns
    -------
    (int, str)
        The exit code, and what it printed on both streams.
    """
    finished = _run(words, text, environment)
    return finished.returncode, finished.stdout


def capture(words: Words, *, environment: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it printed.

    Raises
    ------
    ToolError
        When it fails: with the end of what it printed.
    """
    finished = _run(words, "", environment)
    if finished.returncode:
        print(finished.stdout, file=sys.stderr)
        lines = [line for line in finished.stdout.splitlines() if line.strip()]
        raise ToolError(f"{words[0]} failed: {' | '.join(lines[-3:])}")
    return finished.stdout


def _run(
    words: Words, text: str, environment: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [str(word) for word in words],
            input=text,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            check=False,
        )
    except OSError as error:
        raise ToolError(f"cannot start {words[0]}: {error.strerror}") from error
