"""Ending the service of the page when its last page was closed, and nothing is left to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from transcriber.jobs.queue import JobQueue
from transcriber.jobs.record import State

_FIRST = 600.0
"""Seconds for the first page to be opened: a browser may be slow to start, and ask things first."""

_LEFT = 60.0
"""Seconds without a page. Loading one anew takes a few, a laptop that sleeps for a moment more."""

_STEP = 2.0
"""Seconds between two looks: none of the other times needs to be kept more exactly."""


def end_when_closed(queue: JobQueue, stop: Callable[[], None]) -> None:
    """Call `stop` once nobody looks at the queue any more and no job is left; in a thread.

    A page listens to what happens as long as it is open.
    """
    threading.Thread(target=_watch, args=(queue, stop), daemon=True).start()


def _watch(
    queue: JobQueue, stop: Callable[[], None], *, first: float = _FIRST, left: float = _LEFT
) -> None:
    patience, since = first, time.monotonic()
    while time.monotonic() - since < patience:
        time.sleep(min(_STEP, patience / 4))
        if queue.bulletin.is_heard:
            patience, since = left, time.monotonic()
        elif any(one.state in (State.WAITING, State.RUNNING) for one in queue.jobs()):
            # Somebody may come back for what is being done.
            since = time.monotonic()
    stop()
