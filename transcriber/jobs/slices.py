"""When jobs that run make way for one with other options, which cannot be decoded beside them.

They do where somebody waits for the answer of that one: a live utterance, a program's request.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from transcriber.jobs.turns import Wanted

SECONDS = 10.0
"""That jobs are decoded at least before they make way."""

_SHARE = 2.0
"""The same as a multiple of what their beginning took. They go on from their journals afterwards,
but their recordings are read anew, and so two thirds of the time at least are decoding."""


class Slices:
    """Remembers who made way for whom. Its caller lets one thread in at a time."""

    def __init__(self) -> None:
        self._begun_at = 0.0
        self._decoding_since: float | None = None
        self._priorities: dict[str, int] = {}
        self._made_way: dict[str, float] = {}
        self._next = ""

    def in_order(self, wanted: Iterable[Wanted]) -> list[Wanted]:
        """Return what may begin in its order: of equal priority, what made way comes last.

        First of all comes the job that others made way for.
        """
        found = list(wanted)
        self._made_way = {
            one.order.job: self._made_way[one.order.job]
            for one in found
            if one.order.job in self._made_way
        }

        def rank(one: Wanted) -> tuple[bool, int, float]:
            job = one.order.job
            return job != self._next, -one.priority, self._made_way.get(job, 0.0)

        return sorted(found, key=rank)

    def begun(self, one: Wanted, *, beside: Sequence[str]) -> None:
        """Take note that a job begins, beside others that run."""
        job = one.order.job
        if not beside:
            self._begun_at, self._decoding_since = time.monotonic(), None
        self._priorities = {other: self._priorities.get(other, 0) for other in beside}
        self._priorities[job] = one.priority
        self._made_way.pop(job, None)
        if job == self._next:
            self._next = ""

    def decoded(self) -> None:
        """Take note that a window was decoded."""
        if self._decoding_since is None:
            self._decoding_since = time.monotonic()

    def left(self, held_up: Wanted, running: Sequence[str]) -> float | None:
        """Return the seconds until what runs makes way for a job; None where it does not."""
        if self._decoding_since is None:
            return None
        if any(self._priorities.get(job, 0) > held_up.priority for job in running):
            return None
        slice_seconds = max(SECONDS, _SHARE * (self._decoding_since - self._begun_at))
        return max(0.0, self._decoding_since + slice_seconds - time.monotonic())

    def make_way(self, held_up: Wanted, running: Sequence[str]) -> None:
        """Take note that what runs makes way for a job."""
        self._next = held_up.order.job
        self._made_way |= dict.fromkeys(running, time.monotonic())
