"""Run other programs, within a time limit, and tell the reader what is going on."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from buildkit.errors import INTERRUPTED_BY_SIGINT, BuildError, LimitError, StorageError, ToolError
from buildkit.places import CHECKOUT

Command = Sequence[str | Path]
"""A program and its arguments."""

HOUR = 3600.0
"""Seconds; the limit where nothing else is said: 200 MB at half a megabit a second."""

_INTERRUPTION = 15.0
"""Seconds that an interrupted program gets to end by itself."""


def say(text: str) -> None:
    """Write a line about the set-up to standard error; standard output is for transcripts."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


def run(command: Command, *, limit: float = HOUR, directory: Path = CHECKOUT) -> int:
    """Run `command` with this process's output and return its exit code.

    Parameters
    ----------
    command : sequence of str or Path
        The program and its arguments.
    limit : float
        Seconds that it may take.
    directory : Path
        Where it runs.

    Raises
    ------
    ToolError
        When the program cannot be started.
    LimitError
        When it took longer; it has been ended.
    """
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=directory)
    except OSError as error:
        raise _cannot_start(command, error) from error
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired as error:
        raise _took_too_long(command, limit) from error
    except KeyboardInterrupt:
        # The terminal sent the signal to both. The program may have something to save and to say.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_INTERRUPTION)
        raise
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def run_quietly(
    command: Command,
    *,
    limit: float | None = HOUR,
    directory: Path = CHECKOUT,
    given: bytes = b"",
    environment: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Run `command` as `run` does and return its exit code and all that it printed.

    Parameters
    ----------
    given : bytes
        What it reads from its standard input.
    environment : mapping of str to str, optional
        All of its environment; this process's when not given.
    """
    try:
        done = subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit,
            cwd=directory,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _took_too_long(command, error.timeout) from error
    except OSError as error:
        raise _cannot_start(command, error) from error
    # Lines that overwrite each other on a terminal are lines here, too.
    text = io.TextIOWrapper(io.BytesIO(done.stdout), encoding="utf-8", errors="replace")
    return done.returncode, text.read()


def ending_in_one_line(name: str, work: Callable[[], int], *others: type[Exception]) -> int:
    """Run `work`, and where it fails say why in one line on standard error.

    Parameters
    ----------
    name : str
        What the line begins with.
    work : callable
        Returns the exit code.
    *others : type of Exception
        Other families of errors with a known cause, which have an `exit_code` too.

    Returns
    -------
    int
        That, or the one of the failure.
    """
    families: tuple[type[Exception], ...] = (BuildError, *others)
    try:
        return work()
    except families as error:
        print(f"{name}: {error}", file=sys.stderr)
        return int(getattr(error, "exit_code", BuildError.exit_code))
    except OSError as error:
        print(f"{name}: {error}: mend that, then give the same command again", file=sys.stderr)
        return StorageError.exit_code
    except KeyboardInterrupt:
        print(f"{name}: interrupted; the same command goes on", file=sys.stderr)
        return INTERRUPTED_BY_SIGINT


def last_line(output: str) -> str:
    """Return the last line of a program's `output` that says something."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"


def _took_too_long(command: Command, limit: float) -> LimitError:
    return LimitError(
        f"{Path(command[0]).name} took longer than {limit:.0f} s and was ended",
        "give the same command again",
    )


def _cannot_start(command: Command, error: OSError) -> ToolError:
    return ToolError(f"cannot start {command[0]}: {error.strerror}", "install it")
