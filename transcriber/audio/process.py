"""A running ffmpeg: its output and messages as they come, its limits and its end."""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType

from transcriber.audio.failures import stall_failure, time_failure
from transcriber.errors import DependencyError

_READ_BYTES = 1 << 16

_PIPE_BYTES = 1 << 20
"""What the kernel keeps of the output. With its usual 64 KiB ffmpeg waits for every other thread
of this process that holds the interpreter."""

# How soon an ffmpeg is noticed that ended while somebody else holds its pipes.
_POLL_SECONDS = 0.2

_KILL_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class AudioLimits:
    """What reading one recording may cost.

    Time counts only while ffmpeg is waited for, not while the caller works on a block.

    Attributes
    ----------
    stall_seconds : float
        Longest wait for the next bytes.
    total_seconds : float
        Longest wait in all. Also the limit of ffmpeg's processor time, which holds even when
        this process is gone. An hour decodes hundreds of hours of speech.
    memory_bytes : int
        Writable memory of ffmpeg (RLIMIT_DATA). On two processors a recording takes 75 MiB and
        a 4K video 105 MiB, with 16 threads in each stage, the most that ffmpeg starts by
        itself, 180 MiB and 320 MiB: mostly the threads' stacks of 8 MiB.
    audio_seconds : float
        Longest audio. A damaged header can turn a small file into months of silence.
    """

    stall_seconds: float = 60.0
    total_seconds: float = 3600.0
    memory_bytes: int = 1 << 30
    audio_seconds: float = 7 * 24 * 3600.0


class FfmpegProcess:
    """A context manager around one ffmpeg; leaving it kills what still runs.

    Parameters
    ----------
    command : list of str
        The program and its arguments.
    label : str
        What messages call the recording.
    limits : AudioLimits
        What it may cost.
    on_message : callable
        Gets the bytes of its standard error as they come.

    Raises
    ------
    DependencyError
        When it does not start.
    """

    def __init__(
        self,
        command: list[str],
        *,
        label: str,
        limits: AudioLimits,
        on_message: Callable[[bytes], None],
    ) -> None:
        self._label = label
        self._limits = limits
        self._on_message = on_message
        self._waited = 0.0
        self._stalled = 0.0
        environment = dict(os.environ)
        # Colours would stand between the words that are looked for.
        environment.pop("AV_LOG_FORCE_COLOR", None)
        environment["AV_LOG_FORCE_NOCOLOR"] = "1"
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                # Ctrl-C in the terminal then reaches this process alone, which decides.
                start_new_session=True,
            )
        except OSError as error:
            raise DependencyError(
                f"{command[0]} does not start: {error.strerror}", "see transcriber doctor"
            ) from error
        if self._process.stdout is not None:
            # A user's pipes may hold so much in all, and no more.
            with contextlib.suppress(OSError):
                fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        _limit(self._process.pid, limits)
        _keep_together(self._process.pid)

    def __enter__(self) -> FfmpegProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        process = self._process
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        # One that hangs in the kernel, on a lost network disk, does not end before that does.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_SECONDS)

    def kill(self) -> None:
        """End it at once; from any thread. Its output then ends, too."""
        if self._process.poll() is None:
            # The whole group: a wrapper script's ffmpeg too.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def status(self) -> int:
        """Exit status; negative for a signal. Known after the last of the output."""
        return self._process.returncode

    def output(self) -> Iterator[bytes]:
        """Yield its standard output in pieces of at most 64 KiB until it has ended.

        Raises
        ------
        LimitError
            When it took too long, for the next piece or in all.
        """
        process = self._process
        # Messages first: the banner comes before the samples.
        pipes = [pipe.fileno() for pipe in (process.stderr, process.stdout) if pipe is not None]
        with selectors.DefaultSelector() as selector:
            for pipe in pipes:
                os.set_blocking(pipe, False)
                selector.register(pipe, selectors.EVENT_READ)
            mark = time.monotonic()
            while selector.get_map():
                # Before the pipes are looked at: it may write and end while this process sleeps.
                ended = process.poll() is not None
                ready = {key.fd for key, _ in selector.select(_POLL_SECONDS)}
                if ended and not ready:
                    break
                for pipe in (pipe for pipe in pipes if pipe in ready):
                    data = os.read(pipe, _READ_BYTES)
                    if not data:
                        selector.unregister(pipe)
                    elif pipe == pipes[0]:
                        self._on_message(data)
                    else:
                        self._stalled = 0.0
                        self._waited += time.monotonic() - mark
                        yield data
                        mark = time.monotonic()
                mark = self._account(mark)
        try:
            process.wait(self._limits.stall_seconds)
        except subprocess.TimeoutExpired:
            raise stall_failure(self._label, self._limits.stall_seconds) from None

    def _account(self, mark: float) -> float:
        now = time.monotonic()
        # A wait is over after _POLL_SECONDS; more than that, this process itself was stopped
        # (Ctrl-Z) or had no processor, which says nothing about ffmpeg.
        elapsed = min(now - mark, 5 * _POLL_SECONDS)
        self._waited += elapsed
        self._stalled += elapsed
        if self._stalled > self._limits.stall_seconds:
            raise stall_failure(self._label, self._limits.stall_seconds)
        if self._waited > self._limits.total_seconds:
            raise time_failure(self._label, self._limits.total_seconds)
        return now


def _limit(process: int, limits: AudioLimits) -> None:
    """Set the kernel's limits; from outside, as code between fork and exec can deadlock."""
    for kind, value in (
        # Not RLIMIT_AS: that counts the address space that the C library reserves for each
        # thread, 64 MiB, and the executable itself, 170 MiB in a static build.
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CPU, math.ceil(limits.total_seconds)),
        # A crash on a damaged file shall leave no core file.
        (resource.RLIMIT_CORE, 0),
    ):
        # Where a container forbids it, or ffmpeg has ended already, the time limits remain.
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.prlimit(process, kind)
            most = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(process, kind, (most, hard))


def _keep_together(process: int) -> None:
    """Have the threads of an ffmpeg take turns on one processor.

    Since its release 7 it has one for each step and hands on pieces of 20 ms or so. Between
    processors, and where a thread that is woken interrupts the one that woke it, that takes more
    time than the decoding.
    """
    # Where a container forbids it, it is slower.
    with contextlib.suppress(OSError):
        processors = sorted(os.sched_getaffinity(process))
        # Not the same one for all that run at a time.
        os.sched_setaffinity(process, {processors[process % len(processors)]})
        os.sched_setscheduler(process, os.SCHED_BATCH, os.sched_param(0))
