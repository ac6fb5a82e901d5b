"""In which order jobs begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.jobs.record import JobRecord, State
from transcriber.jobs.turns import in_turn


def record(name: str, created: float, *, priority: int = 0, state: str = "waiting") -> JobRecord:
    """Return a job whose client is the first letter of its name."""
    return JobRecord(
        job=name,
        name=name,
        recording=Path(name),
        owned=False,
        client=name[0],
        words=(),
        created=created,
        priority=priority,
        state=State(state),
    )


def order(*records: JobRecord) -> str:
    return " ".join(one.job for one in in_turn(records))


def test_of_one_client_the_first_to_come_is_the_first() -> None:
    assert order(record("a2", 2), record("a1", 1), record("a3", 3)) == "a1 a2 a3"


def test_who_asks_for_much_does_not_keep_others_waiting() -> None:
    many = [record(f"a{number}", number) for number in range(5)]
    assert order(*many, record("b0", 9), record("c0", 10)) == "a0 b0 c0 a1 a2 a3 a4"


def test_what_runs_is_a_turn_that_its_client_has_had() -> None:
    running = record("a0", 0, state="running")
    assert order(running, record("a1", 1), record("b1", 2)) == "b1 a1"


def test_priority_comes_before_turns() -> None:
    urgent = [record("a1", 1, priority=1), record("a2", 2, priority=1)]
    assert order(record("b1", 0), *urgent, record("a3", 3, priority=-1)) == "a1 a2 b1 a3"


@pytest.mark.parametrize("state", ["running", "paused", "done", "failed", "cancelled"])
def test_nothing_begins_that_does_not_wait(state: str) -> None:
    assert order(record("a1", 1, state=state)) == ""


def test_jobs_of_the_same_moment_have_an_order() -> None:
    assert order(record("ab", 1), record("aa", 1)) == "aa ab"
