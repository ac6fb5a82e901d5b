"""The service of the page ends when nobody looks at it any more."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from transcriber.jobs.queue import JobQueue
from transcriber.service import application, closing


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[JobQueue]:
    made = JobQueue(tmp_path / "jobs", keep_alive=1, log=print)
    # Nothing is decoded here.
    made.pause_all(True)
    yield made
    made.close()


def watch(queue: JobQueue, *, first: float, left: float = 0.1) -> threading.Event:
    ended = threading.Event()
    threading.Thread(
        target=closing._watch,
        args=(queue, ended.set),
        kwargs={"first": first, "left": left},
        daemon=True,
    ).start()
    return ended


def test_it_ends_when_no_page_was_opened(queue: JobQueue) -> None:
    assert watch(queue, first=0.1).wait(10)


def test_it_ends_after_the_last_page_and_not_before(queue: JobQueue) -> None:
    listener = queue.bulletin.listen()
    ended = watch(queue, first=0.1)
    assert not ended.wait(0.6)
    queue.bulletin.leave(listener)
    assert ended.wait(10)


def test_what_is_left_to_do_is_done_first(queue: JobQueue, tmp_path: Path) -> None:
    job = queue.submit(name="a", recording=tmp_path / "a.wav", words=(), client="me")
    ended = watch(queue, first=0.1)
    assert not ended.wait(0.6)
    queue.remove(job.job)
    assert ended.wait(10)


class NobodyReads(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, _: str) -> int:
        raise BrokenPipeError


def test_a_log_that_nobody_reads_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", NobodyReads())
    application._log("a line")
