"""A running ffmpeg: its output and messages as they come, its limits and its end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from transcriber.audio.command import CHANNELS_OUTPUT
from transcriber.audio.failures import stall_failure, time_failure
from transcriber.audio.limits import AudioLimits, keep_together, set_limits
from transcriber.audio.sandbox import Start, start_somehow
from transcriber.audio.sandbox_state import Sandbox
from transcriber.errors import DependencyError

_READ_BYTES = 1 << 16

_PIPE_BYTES = 1 << 20
"""What the kernel keeps of the output. With its usual 64 KiB ffmpeg waits for every other thread
of this process that holds the interpreter."""

# How soon an ffmpeg is noticed that ended while somebody else holds its pipes.
_POLL_SECONDS = 0.2

_KILL_SECONDS = 10.0


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
        Gets the bytes of its standard error as they come: what was said before some samples were
        written comes before these.
    on_channels : callable, optional
        Gets the bytes that it writes to `CHANNELS_OUTPUT`.
    sandbox : Sandbox
        What it is kept from.
    recording : Path, optional
        The file that the command has it read, which a sandbox needs to know.

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
        on_channels: Callable[[bytes], None] | None = None,
        sandbox: Sandbox = Sandbox.OFF,
        recording: Path | None = None,
    ) -> None:
        self._label = label
        self._limits = limits
        self._on_message = on_message
        self._on_channels = on_channels
        self._channels = writing = -1
        self._waited = 0.0
        self._stalled = 0.0
        environment = dict(os.environ)
        # Colours would stand between the words that are looked for.
        environment.pop("AV_LOG_FORCE_COLOR", None)
        environment["AV_LOG_FORCE_NOCOLOR"] = "1"
        try:
            if on_channels:
                self._channels, writing = os.pipe()
            parts = (f"pipe:{writing}" if part == CHANNELS_OUTPUT else part for part in command)
            wanted = Start(
                command=tuple(parts),
                environment=environment,
                recording=recording,
                handed_on=(writing,) if on_channels else (),
            )
            self._process = start_somehow(wanted, sandbox)
        except OSError as error:
            self._close_channels()
            raise DependencyError(
                f"{command[0]} does not start: {error.strerror}", "see transcriber doctor"
            ) from error
        finally:
            if writing >= 0:
                os.close(writing)
        if self._process.stdout is not None:
            # A user's pipes may hold so much in all, and no more.
            with contextlib.suppress(OSError):
                fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        set_limits(self._process.pid, limits)
        keep_together(self._process.pid)

    def __enter__(self) -> FfmpegProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        process = self._process
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        self._close_channels()
        # One that hangs in the kernel, on a lost network disk, does not end before that does.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_KILL_SECONDS)

    def _close_channels(self) -> None:
        if self._channels >= 0:
            os.close(self._channels)
            self._channels = -1

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
        if self._channels >= 0:
            pipes.append(self._channels)
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
                    elif pipe == self._channels and self._on_channels is not None:
                        self._on_channels(data)
                    else:
                        # All that was said before these samples: a pipe holds no more.
                        with contextlib.suppress(BlockingIOError):
                            self._on_message(os.read(pipes[0], _READ_BYTES))
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
