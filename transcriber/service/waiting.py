"""Waiting for a job while its client waits for the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from transcriber.errors import TranscriberError
from transcriber.jobs.bulletin import Event
from transcriber.jobs.queue import JobQueue
from transcriber.jobs.record import OVER, Failure, JobRecord, State
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.workers import resting

_TICK = 0.5
"""Seconds after which it is looked whether the client is still there, where nothing happens."""


class ClientLeftError(Exception):
    """Nobody waits for the answer any more."""


def events_until_over(
    queue: JobQueue, job: str, gone: Callable[[], bool]
) -> Iterator[Event | None]:
    """Yield what happens to a job until it is over; None twice a second while nothing does.

    Parameters
    ----------
    queue : JobQueue
        That has the job.
    job : str
        Its identifier.
    gone : callable
        Returns whether the client has left.

    Raises
    ------
    ClientLeftError
        When it has.
    """
    listener = queue.bulletin.listen(job)
    try:
        while True:
            record = queue.job(job)
            over = record is None or record.state in OVER
            # What was told before the end is in the line already.
            with resting():
                event = listener.hear(0 if over else _TICK)
            if event is None and over:
                return
            if not over and gone():
                raise ClientLeftError
            yield event
    finally:
        queue.bulletin.leave(listener)


def wait(queue: JobQueue, job: str, gone: Callable[[], bool]) -> JobRecord:
    """Wait until a job is done.

    Raises
    ------
    ClientLeftError
        When the client has left meanwhile.
    HttpError
        When the job failed, or somebody gave it up.
    """
    for _ in events_until_over(queue, job, gone):
        pass
    return done(queue, job)


def done(queue: JobQueue, job: str) -> JobRecord:
    """Return a job that is done.

    Raises
    ------
    HttpError
        When it failed, or somebody gave it up.
    """
    record = queue.job(job)
    if record is not None and record.failure is not None:
        raise http_error(as_error(record.failure))
    if record is None or record.state is not State.DONE:
        raise HttpError(409, "the job was cancelled")
    return record


def as_error(failure: Failure) -> TranscriberError:
    """Return a failure as the error that it was in the process that decodes."""
    kinds = {kind.__name__: kind for kind in _kinds(TranscriberError)}
    return kinds.get(failure.kind, TranscriberError)(failure.message, failure.remedy)


def _kinds(kind: type[TranscriberError]) -> Iterator[type[TranscriberError]]:
    for one in kind.__subclasses__():
        yield from _kinds(one)
        yield one
