"""Start a GPU's probe in a child process and survive whatever becomes of it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.beside import native_executable

PROBE_ARGUMENT = "__probe_device__"
"""First argument that makes a frozen program the probe; no recording is called so."""

PROBE_SECONDS = 20.0
"""Time limit of the probe unless ``TRANSCRIBER_PROBE_TIMEOUT`` names another, in seconds."""

STATUSES = ("works", "absent", "wrong", "failed", "hung", "crashed", "garbled")

_ANSWER_BYTES = 65536
_REASON_LENGTH = 300


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """What became of a probe.

    Attributes
    ----------
    status : str
        One of `STATUSES`: ``works``, ``absent``, ``wrong`` or ``failed`` as the probe says,
        ``hung``, ``crashed`` or ``garbled`` where it could not say anything.
    reason : str
        One line.
    name : str
        The GPU's name where it works.
    code : int or None
        The error number that the driver gave, if it did.
    """

    status: str
    reason: str
    name: str = ""
    code: int | None = None


def probe_command() -> list[str]:
    """Return the command of the probe's child process.

    A frozen program has no Python to give a module to. It starts itself, and its main function
    hands over to `device_probe.main` when the first argument is `PROBE_ARGUMENT`.
    """
    program = native_executable()
    if program:
        return [str(program), PROBE_ARGUMENT]
    # A file named torch.py in the current folder must not be loaded, which `-m` would do. -P keeps
    # the probe's own folder from being searched, whose modules have common names.
    return [sys.executable, "-P", str(Path(__file__).with_name("device_probe.py"))]


def probe_seconds(
    environment: Mapping[str, str] = os.environ, usual: float = PROBE_SECONDS
) -> float:
    """Return the probe's time limit in seconds, from ``TRANSCRIBER_PROBE_TIMEOUT`` if it is one."""
    try:
        seconds = float(environment.get("TRANSCRIBER_PROBE_TIMEOUT", ""))
    except ValueError:
        return usual
    return seconds if math.isfinite(seconds) and seconds > 0 else usual


def run_probe(
    index: int, command: Sequence[str], environment: Mapping[str, str] = os.environ
) -> ProbeResult:
    """Try GPU number `index` in a child process.

    Returns
    -------
    ProbeResult
        Always, at the latest two seconds after the time limit.
    """
    limit = probe_seconds(environment)
    try:
        process = subprocess.Popen(
            [*command, str(index), str(limit)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            # A session of its own, so that whatever the libraries start ends with the probe.
            start_new_session=True,
        )
    except OSError as error:
        reason = f"the probe cannot be started ({error.strerror or error})"
        return ProbeResult(status="crashed", reason=reason)
    try:
        answer, finished = _read_answer(process, time.monotonic() + limit)
    finally:
        code = _end(process)
    if not finished and len(answer) < _ANSWER_BYTES:
        reason = f"the probe did not answer within {limit:g} s"
        return ProbeResult(status="hung", reason=reason)
    result = _parse_answer(answer)
    if finished and code is not None and code < 0:
        return ProbeResult(status="crashed", reason=f"the probe ended by {_signal_name(-code)}")
    if finished and code and result is None:
        return ProbeResult(status="crashed", reason=f"the probe ended with exit code {code}")
    return result or ProbeResult(status="garbled", reason="the probe gave no readable answer")


def _read_answer(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bool]:
    """Read until the child has ended, its output is too long or the time is up.

    Returns
    -------
    tuple of bytes and bool
        What it wrote, and whether it has ended by itself.
    """
    assert process.stdout is not None  # noqa: S101  a pipe was asked for
    answer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and len(answer) < _ANSWER_BYTES:
            if selector.select(left):
                block = os.read(process.stdout.fileno(), _ANSWER_BYTES)
                if not block:
                    # It may close its output and live on.
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(max(deadline - time.monotonic(), 0.1))
                    return answer, process.returncode is not None
                answer += block
    return answer, False


def _end(process: subprocess.Popen[bytes]) -> int | None:
    """Kill what is left of the child's session; return the exit status if there is one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    if process.stdout is not None:
        process.stdout.close()
    # A process inside a driver's system call may outlive its SIGKILL, so do not wait for ever.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(2)
    return process.returncode


def _parse_answer(answer: bytes) -> ProbeResult | None:
    """Return what the last line says; libraries may print before it."""
    lines = answer.decode("utf-8", errors="replace").strip().splitlines()
    try:
        return result_from(json.loads(lines[-1]))
    except (IndexError, ValueError, RecursionError):
        return None


def result_from(data: object) -> ProbeResult | None:
    """Check that `data` describes a result."""
    if not isinstance(data, dict) or data.get("status") not in STATUSES:
        return None
    reason, name = (" ".join(str(data.get(key, "")).split()) for key in ("reason", "name"))
    code = data.get("code")
    return ProbeResult(
        status=data["status"],
        reason=reason[:_REASON_LENGTH],
        name=name,
        code=code if isinstance(code, int) else None,
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
