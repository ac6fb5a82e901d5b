"""Running the program once more, for what is heavy and rare: the server stays small."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from transcriber.beside import own_command
from transcriber.errors import TranscriberError

_LIMIT = 3600.0
"""Seconds: an import of the largest model takes minutes on a slow disk."""


def run_own(words: Sequence[str]) -> tuple[int, str, str]:
    """Run a sub-command; return its exit code, what it printed, and what it complained of.

    Raises
    ------
    TranscriberError
        When it does not end.
    """
    try:
        done = subprocess.run(
            [*own_command(), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIMIT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TranscriberError(f"transcriber {' '.join(words)}: {error}") from error
    return done.returncode, done.stdout, done.stderr
