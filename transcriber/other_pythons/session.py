"""A child process that runs `other_pythons.worker`, and surviving whatever becomes of it."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

from transcriber import errors
from transcriber.errors import EngineFailedError, TranscriberError
from transcriber.other_pythons import framing
from transcriber.other_pythons.child_process import REASON_LENGTH, Tail, end, pipes_of, signal_name

SILENCE_SECONDS = 120.0
"""A child that works says so every two seconds, unless a library keeps all its threads waiting:
loading gigabytes of kernels from a network disk does."""

GPU_SECONDS = 600.0
"""Longest time of one request on a GPU, a hundred times what a window takes on a slow one. A GPU
that hangs lets the child's other threads live. A processor may take hours for a large model."""

LOAD_SECONDS = 1800.0
"""Longest time to put a model onto a GPU: its 3 GB may come from a network disk."""

REMEDY = "use --backend own, or name another Python with --python"

_BLOCK = 65536
_LONGEST_LINE = 2**24

_LOOSENED = ("PYTHONHOME", "PYTHONEXECUTABLE", "PYTHONPLATLIBDIR", "PYTHONSTARTUP")
"""Variables that say where one Python has its library. They would break another one."""


class Session:
    """One child process, and its answers.

    It ends with this object, and when this process ends in whatever way: its input closes then.

    Parameters
    ----------
    label : str
        What the user reads when it fails, such as ``/usr/bin/python3.9``.
    command : sequence of str
        What to start.
    start : bytes
        What it reads first.
    environment : mapping
        Its environment variables, but for those that are another Python's.
    silence : float
        Seconds without a sign of life after which it counts as hanging.

    Raises
    ------
    EngineFailedError
        When it cannot be started.
    """

    def __init__(
        self,
        label: str,
        command: Sequence[str],
        start: bytes,
        *,
        environment: Mapping[str, str] = os.environ,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        self.label = label
        self._silence = silence
        self._number = 0
        self._greeted = False
        self._received = b""
        self._unsent = start
        kept = {name: text for name, text in environment.items() if name not in _LOOSENED}
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=kept,
                # Ctrl-C is for this process, which then ends the session and all that is in it.
                start_new_session=True,
            )
        except OSError as error:
            raise self._failure(f"cannot be started ({error.strerror or error})") from error
        self._process = process
        self._stdin, self._stdout, stderr = pipes_of(process)
        os.set_blocking(self._stdin.fileno(), False)
        self._tail = Tail(stderr)
        self._end = weakref.finalize(self, end, process)

    @property
    def process_id(self) -> int:
        """The child's."""
        return self._process.pid

    def request(
        self, what: str, *, payload: bytes = b"", seconds: float | None = None, **arguments: Any
    ) -> Any:
        """Have the child do something; return its result.

        Parameters
        ----------
        what : str
            The name of the request.
        payload : bytes
            What follows it.
        seconds : float, optional
            How long it may take.
        **arguments
            What the request says, as data that JSON knows.

        Raises
        ------
        EngineFailedError
            When the child fails, ends, hangs or talks nonsense. It is ended then.
        TranscriberError
            What the program would raise itself: a damaged model, an unknown token.
        """
        self._number += 1
        message = {"id": self._number, "do": what, **arguments}
        self._unsent += framing.pack(message, payload)
        try:
            answer = self._exchange(None if seconds is None else time.monotonic() + seconds)
        except BaseException:
            # A message may have been sent in part.
            self.close()
            raise
        if "error" in answer:
            raise self._error(answer["error"])
        return answer.get("result")

    def close(self) -> None:
        """End the child."""
        self._end()

    def _exchange(self, limit: float | None) -> dict[str, Any]:
        """Send what is unsent; return the answer to the last request."""
        if not self._end.alive:
            raise self._failure("has ended")
        heard = time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._stdin, selectors.EVENT_WRITE)
            while True:
                deadline = min(heard + self._silence, limit or heard + self._silence)
                ready = selector.select(max(deadline - time.monotonic(), 0))
                if not ready:
                    raise self._failure(self._hung(limit, heard))
                for key, _ in ready:
                    if key.fileobj is self._stdout:
                        block = os.read(self._stdout.fileno(), _BLOCK)
                        heard = time.monotonic()
                        answer = self._take(block)
                        if answer is not None:
                            return answer
                    elif not self._send():
                        selector.unregister(self._stdin)

    def _send(self) -> bool:
        """Write as much as the pipe takes; return whether something is left."""
        try:
            self._unsent = self._unsent[os.write(self._stdin.fileno(), self._unsent[:_BLOCK]) :]
        except BrokenPipeError:
            # Its output says what became of it.
            self._unsent = b""
        return bool(self._unsent)

    def _take(self, block: bytes) -> dict[str, Any] | None:
        """Return the answer if it is complete with `block`."""
        if not block:
            raise self._failure(self._ended())
        *lines, self._received = (self._received + block).split(b"\n")
        if len(self._received) > _LONGEST_LINE:
            raise self._failure("gave no readable answer")
        for line in lines:
            try:
                message = framing.parse(line)
            except ValueError as error:
                if not self._greeted:
                    # What a Python runs at its own start may print before we can prevent it.
                    continue
                raise self._failure("gave no readable answer") from error
            self._greeted = True
            if message.get("id") == self._number and ("error" in message or "result" in message):
                return message
        return None

    def _hung(self, limit: float | None, heard: float) -> str:
        if limit is not None and limit < heard + self._silence:
            return "did not answer in time"
        return f"has given no sign of life for {self._silence:g} s"

    def _ended(self) -> str:
        """Return how the child ended, with the last that it said."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        code = self._process.returncode
        if code is None:
            how = "closed its output"
        elif code < 0:
            how = f"ended by {signal_name(-code)}"
        else:
            how = f"ended with exit code {code}"
        last = self._tail.last_line()
        return f"{how} ({last})" if last else how

    def _failure(self, what: str) -> EngineFailedError:
        return EngineFailedError(f"the PyTorch of {self.label} {what}", REMEDY)

    def _error(self, error: Any) -> TranscriberError:
        """Return the child's error as one of ours."""
        if not isinstance(error, dict):
            return self._failure("gave no readable answer")
        kind, message, remedy = (str(error.get(key, "")) for key in ("kind", "message", "remedy"))
        known = getattr(errors, kind, None)
        if isinstance(known, type) and issubclass(known, TranscriberError):
            return known(message, remedy)
        message = message[:REASON_LENGTH]
        if kind == "memory":
            return EngineFailedError(
                f"the memory does not suffice for the PyTorch of {self.label} ({message})",
                "choose a smaller model with --model, or use --backend own",
            )
        whose = "the GPU has failed under" if kind == "gpu" else "an error ended"
        return EngineFailedError(f"{whose} the PyTorch of {self.label} ({message})", REMEDY)
