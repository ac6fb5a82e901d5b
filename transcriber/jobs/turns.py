"""In which order jobs begin: by priority, and then clients take turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from transcriber.jobs.record import JobRecord, State
from transcriber.worker.messages import Order


def in_turn(records: Iterable[JobRecord]) -> list[JobRecord]:
    """Return the jobs that wait, in the order in which they begin.

    Whoever asks for a thousand recordings at once does not keep others waiting for all of them: of
    equal priority, the first job of each client comes before the second one of any. What runs
    counts as a turn that the client has had.

    Parameters
    ----------
    records : iterable of JobRecord
        All jobs.

    Examples
    --------
    >>> from pathlib import Path
    >>> def job(name, client, created, priority=0):
    ...     return JobRecord(job=name, name=name, recording=Path(name), owned=False, client=client,
    ...                      words=(), created=created, priority=priority)
    >>> jobs = [job("a1", "a", 1), job("a2", "a", 2), job("b1", "b", 3), job("c1", "c", 4, 1)]
    >>> [one.job for one in in_turn(jobs)]
    ['c1', 'a1', 'b1', 'a2']
    """
    jobs = sorted(records, key=lambda one: (-one.priority, one.created, one.job))
    turns = Counter(one.client for one in jobs if one.state is State.RUNNING)
    waiting = []
    for one in jobs:
        if one.state is State.WAITING:
            waiting.append((-one.priority, turns[one.client], one.created, one.job, one))
            turns[one.client] += 1
    return [one for *_, one in sorted(waiting, key=lambda entry: entry[:-1])]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A job that may begin.

    Attributes
    ----------
    order : Order
        What the process that decodes is told.
    alone : bool
        Whether nothing may be decoded beside it.
    urgent : bool
        Whether somebody waits for its end.
    priority : int
        A higher one comes first.
    """

    order: Order
    alone: bool = False
    urgent: bool = False
    priority: int = 0


def orders(records: Iterable[JobRecord], folder: Path) -> list[Wanted]:
    """Return what may begin, in its order.

    Parameters
    ----------
    records : iterable of JobRecord
        All jobs.
    folder : Path
        The folder of all jobs.
    """
    return [
        Wanted(
            order=Order(
                job=one.job,
                recording=one.recording,
                label=one.name,
                folder=folder,
                words=one.words,
            ),
            alone=one.attempts > 0,
            urgent=not one.kept,
            priority=one.priority,
        )
        for one in in_turn(records)
    ]
