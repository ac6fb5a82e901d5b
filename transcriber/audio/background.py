"""Work through an iterator in a thread, some way ahead of whoever takes what it yields."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")

_TICK = 0.25
"""Seconds between two looks whether what is waited for is still wanted."""

_END_SECONDS = 20.0
"""Longest wait for the thread's end. It may have to wait for a process that hangs in the kernel."""


class Background(Generic[Item]):
    """An iterator whose items are made in a thread of their own.

    What the generator raises is raised after the last item that came before. The generator's
    code runs in the thread from its first line to its last, its end by `close` included.

    Parameters
    ----------
    items : generator
        Yields the items.
    most : int
        How many items wait at most; then the generator waits.
    stop : callable
        Called by `close`, from another thread than the generator's: makes the generator go on
        soon where it waits for something. Called before the generator has begun, it does nothing.
    check : callable
        Called again and again while an item is waited for: it raises when none is wanted any more.
    """

    def __init__(
        self,
        items: Generator[Item, None, None],
        *,
        most: int,
        stop: Callable[[], None],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._items = items
        self._most = most
        self._stop = stop
        self._check = check
        self._waiting: deque[Item] = deque()
        self._changed = threading.Condition()
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False
        # A daemon: it must not keep a program alive that ends without closing it.
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        self.begin()
        self._check()
        with self._changed:
            while not self._changed.wait_for(
                lambda: self._waiting or self._ended or self._closed, _TICK
            ):
                self._check()
            if self._waiting and not self._closed:
                item = self._waiting.popleft()
                self._changed.notify_all()
                return item
            error, self._error = self._error, None
        if error is not None and not self._closed:
            raise error
        raise StopIteration

    def begin(self) -> None:
        """Start working, unless that was done or there is nothing to do any more."""
        if self._thread.ident is None and not self._closed:
            self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether nobody wants another item."""
        return self._closed

    def close(self) -> None:
        """End the generator; no item follows."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread.ident is None:
            return
        self._stop()
        self._thread.join(_END_SECONDS)

    def _work(self) -> None:
        error: BaseException | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    break
            self._items.close()
        except BaseException as raised:
            error = raised
        with self._changed:
            self._error = error
            self._ended = True
            self._changed.notify_all()

    def _put(self, item: Item) -> bool:
        """Hand on an item when there is room for more; return whether more is wanted."""
        with self._changed:
            self._waiting.append(item)
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(self._waiting) < self._most or self._closed)
            return not self._closed
