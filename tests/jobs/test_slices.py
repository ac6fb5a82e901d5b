"""Jobs that make way for one with other options."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from jobs.conftest import Queued
from transcriber.jobs import slices
from transcriber.jobs.record import State
from transcriber.jobs.slices import Slices
from transcriber.jobs.turns import Wanted
from transcriber.worker.messages import Order

LONG = ("say one", "rest 30", "say two")
GERMAN: dict[str, Any] = {"words": ("--language=de",)}
FRENCH: dict[str, Any] = {"words": ("--language=fr",)}


@pytest.fixture(autouse=True)
def short_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SECONDS", 0.2)


def ask(queued: Queued, *commands: str, **options: Any) -> str:
    """Submit a job whose client waits for it."""
    return queued.submit(*commands, client="waiting", kept=False, **options)


def test_what_runs_makes_way_for_whoever_waits_and_goes_on(queued: Queued) -> None:
    long = [queued.submit("say one", "rest 0.6", "say two", **GERMAN) for _ in range(2)]
    for job in long:
        queued.reached(job, State.RUNNING)
    short = ask(queued, "say hello", **FRENCH)
    done = queued.over(short)
    assert [queued.state(job) for job in long] != [State.DONE] * 2
    for job in long:
        assert queued.over(job).state is State.DONE
        assert queued.texts(job) == ["one", "two"]
    assert done.state is State.DONE
    assert not queued.lines


def test_each_has_a_slice_of_time(queued: Queued) -> None:
    begun = time.monotonic()
    long = queued.submit(*LONG, **GERMAN)
    queued.reached(long, State.RUNNING)
    queued.over(ask(queued, "say hello", **FRENCH))
    assert time.monotonic() - begun >= 0.2


def test_many_short_ones_do_not_starve_a_long_one(queued: Queued) -> None:
    # The stand-in begins anew each time, so it has to have one slice as a whole.
    long = queued.submit("say one", "rest 0.15", "say two", **GERMAN)
    queued.reached(long, State.RUNNING)
    while queued.state(long) is not State.DONE:
        ask(queued, "say hello", **FRENCH)
        time.sleep(0.02)
    assert queued.texts(long) == ["one", "two"]


def test_what_nobody_waits_for_waits(queued: Queued) -> None:
    long = queued.submit("say one", "rest 0.5", **GERMAN)
    queued.reached(long, State.RUNNING)
    other = queued.submit("say one", **FRENCH)
    one, two = queued.over(long), queued.over(other)
    assert one.ended is not None
    assert two.started is not None
    assert two.started >= one.ended


def test_a_higher_priority_makes_no_way(queued: Queued) -> None:
    long = queued.submit("say one", "rest 0.5", priority=1, **GERMAN)
    queued.reached(long, State.RUNNING)
    one, two = queued.over(long), queued.over(ask(queued, "say hello", **FRENCH))
    assert one.ended is not None
    assert two.started is not None
    assert two.started >= one.ended


def test_what_makes_way_can_be_given_up(queued: Queued) -> None:
    long = queued.submit(*LONG, **GERMAN)
    queued.reached(long, State.RUNNING)
    short = ask(queued, "say hello", "rest 0.3", **FRENCH)
    queued.reached(short, State.RUNNING)
    assert queued.state(long) is State.WAITING
    queued.queue.cancel(long)
    assert queued.over(short).state is State.DONE
    assert queued.state(long) is State.CANCELLED


def wanted(job: str) -> Wanted:
    place = Path(job)
    return Wanted(order=Order(job=job, recording=place, label=job, folder=place, words=()))


def test_what_made_way_longest_ago_is_the_next_one() -> None:
    found, all_of_them = Slices(), [wanted(job) for job in "abc"]

    def order() -> str:
        return "".join(one.order.job for one in found.in_order(all_of_them))

    a, b, c = all_of_them
    found.begun(a, beside=())
    found.make_way(b, ["a"])
    assert order() == "bca"
    found.begun(b, beside=())
    found.make_way(c, ["b"])
    assert order() == "cab"
    found.begun(c, beside=())
    assert order() == "cab"
    found.begun(a, beside=())
    assert order() == "acb"


def test_the_beginning_counts_for_the_length_of_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    found = Slices()
    found.begun(wanted("a"), beside=())
    assert found.left(wanted("b"), ["a"]) is None
    now = 130.0
    found.decoded()
    assert found.left(wanted("b"), ["a"]) == 60.0
    now = 190.0
    assert found.left(wanted("b"), ["a"]) == 0.0
