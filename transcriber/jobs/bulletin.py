"""Telling everybody who listens what happens to jobs."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_MOST_WAITING = 1000
"""Events that wait for a listener. One that is behind by more is told to look anew."""

_CROWD = 100
"""Listeners that wake up as often as they want to. A thousand would keep a processor busy."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    kind : str
        ``job``: it changed; ``segments``: some were decoded; ``download``: of its model;
        ``removed``; ``reload``: events were lost.
    job : str
        The job's identifier; empty where it is about no single one.
    content : mapping
        What JSON can express.
    """

    kind: str
    job: str = ""
    content: Mapping[str, Any]


class Listener:
    """What one listener has not heard yet.

    Parameters
    ----------
    job : str
        The only job that is listened for; all where it is empty.
    crowd : callable
        Returns how many listen.
    """

    def __init__(self, job: str, crowd: Callable[[], int]) -> None:
        self.job = job
        self._crowd = crowd
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()

    def hear(self, timeout: float) -> Event | None:
        """Return the next event, and wait for it up to `timeout` seconds; None when none came.

        Where many listen, each waits longer.
        """
        with self._changed:
            if not self._events:
                self._changed.wait(timeout * (1 + self._crowd() // _CROWD))
            return self._events.popleft() if self._events else None

    def tell(self, event: Event) -> None:
        """Take in an event."""
        with self._changed:
            if len(self._events) >= _MOST_WAITING:
                self._events.clear()
                event = Event(kind="reload", content={})
            self._events.append(event)
            self._changed.notify_all()


class Bulletin:
    """Where events are told, and listened for, from any thread."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()

    def listen(self, job: str = "") -> Listener:
        """Listen from now on, until `leave`; to one job, or to all."""
        listener = Listener(job, lambda: len(self._listeners))
        with self._lock:
            self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no longer."""
        with self._lock:
            self._listeners.discard(listener)

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens."""
        with self._lock:
            return bool(self._listeners)

    def tell(self, event: Event) -> None:
        """Tell an event to whoever listens for its job."""
        with self._lock:
            listeners = [one for one in self._listeners if one.job in ("", event.job)]
        for one in listeners:
            one.tell(event)
