"""The queue's side of the process that decodes: it is started, told, heard and ended here."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import threading
from collections import deque
from collections.abc import Callable

from transcriber.beside import own_command
from transcriber.worker.messages import CANCEL, END, LAST, Message, Order, Outbox, messages

ARGUMENT = "__decode__"
"""First argument that makes the program the process that decodes; no recording is called so."""

_KEPT_LINES = 20
"""Lines of what the process printed that are kept to explain its end."""

_GRACE = 5.0
"""Seconds that the process has to end by itself: it writes no files at its end."""

_LAST_WORDS = 1.0
"""Seconds that what it printed is waited for: a program that it started may live on."""


def decoder_command() -> list[str]:
    """Return the command of the process: this program once more."""
    return [*own_command(), ARGUMENT]


class Decoder:
    """A process that decodes.

    Parameters
    ----------
    lock : RLock
        Held while the process is said to have done a job, and `told` hears of it.
    told : callable
        Is given each message, from a thread of its own.
    ended : callable
        Is told at the end which jobs were not done, and what the process last printed; from the
        same thread, behind the last message.

    Raises
    ------
    OSError
        When it cannot be started.
    """

    def __init__(
        self,
        lock: threading.RLock,
        *,
        told: Callable[[Message], None],
        ended: Callable[[Decoder, tuple[str, ...], str], None],
    ) -> None:
        self._told = told
        self._ended = ended
        self._jobs: dict[str, None] = {}
        self._lock = lock
        self._printed: deque[str] = deque(maxlen=_KEPT_LINES)
        reading, writing = os.pipe()
        outbox = Outbox(writing)
        try:
            with open(reading, "rb") as orders:
                self._process = subprocess.Popen(
                    decoder_command(),
                    stdin=orders,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    # Ctrl-C is for the queue, which then ends this.
                    start_new_session=True,
                )
        except BaseException:
            outbox.close()
            raise
        # A process that is busy, or hangs, must not hold up whoever gives orders.
        self._letters: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        threading.Thread(target=self._post, args=(outbox,), daemon=True).start()
        printing = threading.Thread(target=self._print, daemon=True)
        printing.start()
        self._listening = threading.Thread(target=self._listen, args=(printing,), daemon=True)
        self._listening.start()

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
        self._letters.put(order.message())

    def cancel(self, job: str) -> None:
        """Have it give a job up; it tells when it has."""
        self._letters.put({"do": CANCEL, "job": job})

    def dismiss(self) -> None:
        """Have it end, which has no jobs any more."""
        self._letters.put({"do": END})
        threading.Thread(target=self._end, daemon=True).start()

    def kill(self) -> None:
        """End it at once, and return when all that it said is told. Journals keep what it did."""
        self._process.terminate()
        self._end()
        self._listening.join()

    def _end(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
            return
        self._process.kill()
        self._process.wait()

    def _post(self, outbox: Outbox) -> None:
        with contextlib.closing(outbox):
            while (message := self._letters.get()) is not None:
                outbox.send(message)

    def _listen(self, printing: threading.Thread) -> None:
        try:
            self._hear()
        except Exception as error:
            # Nobody would hear it any more.
            self._process.kill()
            self._printed.append(f"its message makes no sense: {type(error).__name__}: {error}")
        printing.join(_LAST_WORDS)
        code = self._process.wait()
        self._letters.put(None)
        last = self._printed[-1] if self._printed else ""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        self._ended(self, self.jobs, f"{how}{': ' * bool(last)}{last}" if code else "")

    def _hear(self) -> None:
        if self._process.stdout is not None:
            with self._process.stdout as stream:
                for message in messages(stream):
                    with self._lock:
                        if message["event"] in LAST:
                            self._jobs.pop(message["job"], None)
                        self._told(message)

    def _print(self) -> None:
        if self._process.stderr is not None:
            with self._process.stderr as stream:
                for line in stream:
                    self._printed.append(line.decode(errors="replace").strip())
