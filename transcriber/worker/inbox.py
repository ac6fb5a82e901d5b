"""The orders that wait for the process that decodes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import IO

from transcriber.worker.messages import CANCEL, END, JOB, Order, messages


class Inbox:
    """Takes in orders while others are decoded.

    Parameters
    ----------
    stream : binary file
        Where the messages come from.
    deserted : callable
        Is called when the stream ends without a word: whoever gave the orders has died.
    """

    def __init__(self, stream: IO[bytes], deserted: Callable[[], None]) -> None:
        self._deserted = deserted
        self._orders: deque[Order] = deque()
        self._cancelled: set[str] = set()
        self._changed = threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def take(self) -> Order | None:
        """Return the next order, and wait for it; None when no more will come."""
        with self._changed:
            while not self._orders and not self._ended:
                self._changed.wait()
            return self._orders.popleft() if self._orders else None

    def take_like(self, words: tuple[str, ...]) -> Order | None:
        """Return the next order if it is there and is to be decoded with the same options."""
        with self._changed:
            if self._orders and self._orders[0].words == words:
                return self._orders.popleft()
        return None

    def is_cancelled(self, job: str) -> bool:
        """Whether nobody wants a job any more."""
        with self._changed:
            return job in self._cancelled

    def forget(self, job: str) -> None:
        """Take note that a job has ended; the same one may be ordered again."""
        with self._changed:
            self._cancelled.discard(job)

    def _read(self, stream: IO[bytes]) -> None:
        for message in messages(stream):
            with self._changed:
                if message.get("do") == JOB:
                    order = Order.of(message)
                    # A word about its last time, which had ended when it was given up.
                    self._cancelled.discard(order.job)
                    self._orders.append(order)
                elif message.get("do") == CANCEL:
                    self._cancelled.add(message["job"])
                self._ended = message.get("do") == END
                self._changed.notify_all()
            if self._ended:
                return
        self._deserted()
