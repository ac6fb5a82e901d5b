"""Telling what happens to whoever listens."""

from __future__ import annotations

import threading
import time

import pytest

from transcriber.jobs import bulletin
from transcriber.jobs.bulletin import Bulletin, Event


def test_whoever_listens_for_one_job_hears_of_that_only() -> None:
    told = Bulletin()
    one, all_of_them = told.listen("a"), told.listen()
    for job in ("a", "b", ""):
        told.tell(Event(kind="job", job=job, content={}))
    heard = [all_of_them.hear(0) for _ in range(3)]
    assert [event.job for event in heard if event] == ["a", "b", ""]
    first = one.hear(0)
    assert first is not None
    assert first.job == "a"
    assert one.hear(0) is None


def test_who_has_left_is_told_nothing() -> None:
    told = Bulletin()
    listener = told.listen()
    told.leave(listener)
    told.tell(Event(kind="job", content={}))
    assert listener.hear(0) is None


def test_who_is_far_behind_is_told_to_look_anew() -> None:
    told = Bulletin()
    listener = told.listen()
    for _ in range(bulletin._MOST_WAITING + 1):
        told.tell(Event(kind="job", content={}))
    event = listener.hear(0)
    assert event is not None
    assert event.kind == "reload"
    assert listener.hear(0) is None


def test_an_event_wakes_who_waits() -> None:
    told = Bulletin()
    listener = told.listen()
    threading.Timer(0.05, told.tell, [Event(kind="job", content={})]).start()
    assert listener.hear(10) is not None


def test_where_many_listen_each_wakes_up_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulletin, "_CROWD", 10)
    told = Bulletin()
    listeners = [told.listen() for _ in range(40)]
    started = time.monotonic()
    assert listeners[0].hear(0.05) is None
    assert time.monotonic() - started >= 0.2
    # What happens is heard at once all the same.
    timer = threading.Timer(0.05, told.tell, [Event(kind="job", content={})])
    timer.start()
    started = time.monotonic()
    assert listeners[0].hear(10) is not None
    assert time.monotonic() - started < 10
