"""Threads that take work in the order in which it comes."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

Work = TypeVar("Work")

STACK_BYTES = 512 * 1024
"""Of a thread. The default of 8 MiB is address space that a limit on memory may count; what
handlers call needs less than 100 KiB."""

_IDLE_SECONDS = 10.0
"""Until a thread without work ends. Starting one takes 0.1 ms, so it pays within a burst only."""

_starting = threading.Lock()


class _Own(threading.local):
    workers: Workers[Any] | None = None


_own = _Own()


@contextlib.contextmanager
def resting() -> Iterator[None]:
    """Let another thread work in the place of this one, which waits in the block.

    What waits takes memory, but keeps nobody from being answered. It means nothing in threads
    that are no workers', and in a block within.
    """
    workers, _own.workers = _own.workers, None
    if workers is None:
        yield
        return
    workers.rest(1)
    try:
        yield
    finally:
        workers.rest(-1)
        _own.workers = workers


class Workers(Generic[Work]):
    """Threads, at most so many of which work at a time, started when there is work for them.

    Parameters
    ----------
    most : int
        How many may work. Those that are `resting` come on top.
    work : Callable[[Work], None]
        What they do with each piece. It raises nothing.
    """

    def __init__(self, most: int, work: Callable[[Work], None]) -> None:
        self._most = most
        self._work = work
        self._queue: deque[Work] = deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._resting = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many pieces no thread has taken yet."""
        return len(self._queue)

    def submit(self, piece: Work) -> None:
        """Have a thread take `piece` when those before it are taken."""
        with self._changed:
            self._queue.append(piece)
            self._changed.notify()
            missing = self._is_short()
        if missing:
            self._hire()

    def rest(self, count: int) -> None:
        """Have `count` more threads, or fewer, count as resting: see `resting`."""
        with self._changed:
            self._resting += count
            missing = self._is_short()
        if missing:
            self._hire()

    @property
    def _surplus(self) -> int:
        return self._threads - self._resting - self._most

    def _is_short(self) -> bool:
        """Whether there is work for one more thread, which counts as there then."""
        is_short = len(self._queue) > self._idle and self._surplus < 0
        self._threads += is_short
        return is_short

    def _hire(self) -> None:
        """Start a thread that `_is_short` has counted."""
        try:
            _start(self._run)
        except RuntimeError:
            # The system gives no more threads. One that runs takes it, or the one that the next
            # piece starts.
            with self._changed:
                self._threads -= 1

    def close(self) -> None:
        """Have the threads end when the queue is empty."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        _own.workers = self
        while True:
            with self._changed:
                if self._surplus > 0:
                    # Those that rested are back.
                    self._threads -= 1
                    return
                self._idle += 1
                arrived = self._changed.wait_for(
                    lambda: self._queue or self._closed, timeout=_IDLE_SECONDS
                )
                self._idle -= 1
                if not self._queue:
                    if arrived and not self._closed:
                        continue
                    self._threads -= 1
                    return
                piece = self._queue.popleft()
            self._work(piece)


def _start(work: Callable[[], None]) -> None:
    # The size is one of the whole process, so it is put back at once.
    with _starting:
        before = threading.stack_size(STACK_BYTES)
        try:
            threading.Thread(target=work, name="http", daemon=True).start()
        finally:
            threading.stack_size(before)
