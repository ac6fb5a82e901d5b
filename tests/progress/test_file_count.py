"""Which of several recordings it is, and how long all of them may take."""

from __future__ import annotations

import pytest

from transcriber import times
from transcriber.progress.course import Moment
from transcriber.progress.file_count import FileCount


class Clock:
    """A clock that the test can change."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    changed = Clock()
    monkeypatch.setattr(times, "time", changed)
    return changed


def moment(position: float, duration: float, resumed_at: float = 0.0) -> Moment:
    return Moment(position=position, duration=duration, elapsed=0.0, resumed_at=resumed_at)


def test_a_single_recording_is_not_counted(clock: Clock) -> None:
    count = FileCount({"a": 100})
    count.begin("a")
    clock.now += 10
    assert count.text == ""
    assert count.time_left(moment(50, 100)) is None


def test_recordings_are_counted_in_their_order() -> None:
    count = FileCount({"a": 100, "b": 100, "c": 100})
    told = []
    # The second one cannot be read.
    for label in ("a", "c"):
        count.begin(label)
        told.append(count.text)
    assert told == ["1 of 3 ", "3 of 3 "]


def test_the_time_for_all_goes_by_the_sizes_of_the_files(clock: Clock) -> None:
    count = FileCount({"a": 100, "b": 200, "c": 100})
    count.begin("a")
    assert count.time_left(moment(0, 60)) is None
    clock.now += 6
    # 30 s took 6 s; 30 s of this one are left, and five times 60 s in 300 bytes more.
    assert count.time_left(moment(30, 60)) == pytest.approx(6 / 30 * (30 + 180))
    count.finish("a", moment(60, 60))
    count.begin("b")
    clock.now += 6
    # This one is shorter than its size made believe: 60 s in 200 bytes.
    assert count.time_left(moment(30, 60)) == pytest.approx(12 / 90 * (30 + 100 / 300 * 120))
    count.finish("b", moment(60, 60))
    count.begin("c")
    clock.now += 3
    assert count.time_left(moment(20, 20)) == 0


def test_what_an_earlier_run_did_does_not_count(clock: Clock) -> None:
    count = FileCount({"a": 100, "b": 100})
    count.begin("a")
    clock.now += 5
    assert count.time_left(moment(90, 100, resumed_at=90)) is None
    assert count.time_left(moment(95, 100, resumed_at=90)) == pytest.approx(1.0 * (5 + 100))


def test_what_is_unknown_is_not_guessed(clock: Clock) -> None:
    count = FileCount({"standard input": 0, "b": 100})
    clock.now += 5
    assert count.time_left(moment(5, 10)) is None
    count.begin("standard input")
    clock.now += 5
    assert count.time_left(moment(5, 10)) is None
    count.begin("of no plan")
    assert FileCount({}).text == ""
