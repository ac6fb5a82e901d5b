"""How far a recording seems to be while a window is decoded; the rest is in test_progress."""

from __future__ import annotations

import itertools

import pytest

from transcriber.progress.course import Moment

BEGUN = Moment(position=0.0, duration=100.0, elapsed=0.0)
HALF = Moment(position=50.0, duration=100.0, elapsed=10.0)
NEARLY = Moment(position=95.0, duration=100.0, elapsed=19.0)


@pytest.mark.parametrize("moment", [BEGUN, HALF, NEARLY])
def test_it_moves_all_the_time_and_never_gets_there(moment: Moment) -> None:
    seems = [moment.seeming_position(0.5 * tick, 30.0) for tick in range(60)]
    assert seems[0] == moment.position
    assert all(later > earlier for earlier, later in itertools.pairwise(seems))
    assert seems[-1] < min(moment.position + 30.0, moment.duration)


def test_it_moves_at_the_pace_so_far() -> None:
    # A window of 30 s takes 6 s at a factor of 0.2.
    assert HALF.seeming_position(6.0, 30.0) == pytest.approx(50 + 30 * 0.632, abs=0.1)
    slower = Moment(position=50.0, duration=100.0, elapsed=100.0)
    assert slower.seeming_position(6.0, 30.0) < 53


def test_a_recording_without_length_stays_where_it_is() -> None:
    nothing = Moment(position=0.0, duration=0.0, elapsed=0.0)
    assert nothing.seeming_position(5.0, 30.0) == 0.0
