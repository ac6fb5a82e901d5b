"""Start the programs of the build, which take as long as they need."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from buildkit.commands import Command, run_quietly
from buildkit.errors import ToolError


def run_with_input(
    words: Command, text: str, *, environment: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a program with `text` on its standard input, and `environment` beside our own.

    Returns
    -------
    (int, str)
        The exit code, and what it printed on both streams.
    """
    return run_quietly(
        words,
        limit=None,
        directory=Path(),
        given=text.encode(),
        environment={**os.environ, **(environment or {})},
    )


def capture(words: Command, *, environment: Mapping[str, str] | None = None) -> str:
    """Run a program and return what it printed.

    Raises
    ------
    ToolError
        When it fails: with the end of what it printed.
    """
    code, output = run_with_input(words, "", environment=environment)
    if code:
        print(output, file=sys.stderr)
        lines = [line for line in output.splitlines() if line.strip()]
        raise ToolError(f"{words[0]} failed: {' | '.join(lines[-3:])}")
    return output
