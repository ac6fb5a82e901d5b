"""The queue's side of the process that decodes: it is started, told, heard and ended here."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable

from transcriber.beside import native_executable
from transcriber.worker.messages import CANCEL, END, LAST, Message, Order, Outbox, messages

ARGUMENT = "__decode__"
"""First argument that makes the program the process that decodes; no recording is called so."""

_KEPT_LINES = 20
"""Lines of what the process printed that are kept to explain its end."""

_GRACE = 5.0
"""Seconds that the process has to end by itself: it writes no files at its end."""


def decoder_command() -> list[str]:
    """Return the command of the process: this program once more."""
    program = native_executable()
    if program:
        return [str(program), ARGUMENT]
    return [sys.executable, "-P", "-m", "transcriber", ARGUMENT]


class Decoder:
    """A process that decodes.

    Parameters
    ----------
    told : callable
        Is given each message, from a thread of its own.
    ended : callable
        Is told at the end which jobs were not done, and what the process last printed; from the
        same thread, behind the last message.
    """

    def __init__(
        self,
        *,
        told: Callable[[Message], None],
        ended: Callable[[Decoder, tuple[str, ...], str], None],
    ) -> None:
        self._told = told
        self._ended = ended
        self._jobs: dict[str, None] = {}
        self._lock = threading.Lock()
        self._printed: deque[str] = deque(maxlen=_KEPT_LINES)
        reading, writing = os.pipe()
        with open(reading, "rb") as orders:
            self._process = subprocess.Popen(
                decoder_command(),
                stdin=orders,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # Ctrl-C is for the queue, which then ends this.
                start_new_session=True,
            )
        self._outbox = Outbox(writing)
        listening = threading.Thread(target=self._print, daemon=True)
        listening.start()
        threading.Thread(target=self._listen, args=(listening,), daemon=True).start()

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs that it has, and that are not done."""
        with self._lock:
            return tuple(self._jobs)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def order(self, order: Order) -> None:
        """Have it decode a job. Where it has died meanwhile, that is told as its end."""
        with self._lock:
            self._jobs[order.job] = None
        self._outbox.send(order.message())

    def cancel(self, job: str) -> None:
        """Have it give a job up; it tells when it has."""
        self._outbox.send({"do": CANCEL, "job": job})

    def dismiss(self) -> None:
        """Have it end when its jobs are done."""
        self._outbox.send({"do": END})

    def kill(self) -> None:
        """End it at once. Journals keep what was decoded."""
        self._outbox.close()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
            return
        self._process.kill()
        self._process.wait()

    def _listen(self, listening: threading.Thread) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as stream:
                for message in messages(stream):
                    if message.get("event") in LAST:
                        with self._lock:
                            self._jobs.pop(message["job"], None)
                    self._told(message)
        listening.join()
        code = self._process.wait()
        self._outbox.close()
        last = self._printed[-1] if self._printed else ""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._ended(self, self.jobs, f"{how}{': ' * bool(last)}{last}" if code else "")

    def _print(self) -> None:
        if self._process.stderr is not None:
            with self._process.stderr as stream:
                for line in stream:
                    self._printed.append(line.decode(errors="replace").strip())
