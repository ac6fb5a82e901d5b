"""Hearing a child process's last words, and ending it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import IO

REASON_LENGTH = 300
"""Characters of what others say in a message of ours."""

_BLOCK = 65536
_TAIL_BYTES = 4096


class Tail:
    """The last of what a child writes to its standard error."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._text = b""
        # Read all the time, or the child would stop at a full pipe.
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def last_line(self) -> str:
        """Return its last line with content; for a traceback that is what went wrong."""
        self._thread.join(1)
        lines = self._text.decode("utf-8", errors="replace").split("\n")
        return next((line.strip()[:REASON_LENGTH] for line in lines[::-1] if line.strip()), "")

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError), self._stream:
            while block := os.read(self._stream.fileno(), _BLOCK):
                self._text = (self._text + block)[-_TAIL_BYTES:]


def pipes_of(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    """Return the three pipes to a child that was started with them."""
    pipes = process.stdin, process.stdout, process.stderr
    assert all(pipes)  # noqa: S101  pipes were asked for
    return pipes  # type: ignore[return-value]


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and whatever it started; it has nothing to save."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    # A process inside a driver's system call may outlive its SIGKILL, so do not wait for ever.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(2)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def signal_name(number: int) -> str:
    """Return the name of a signal, such as ``SIGSEGV``."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
