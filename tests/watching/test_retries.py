"""When what has failed is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from transcriber.watching.retries import Ended, Retries

TALK = Path("talk.wav")


def ended(code: int, told: str = "no room") -> Ended:
    return Ended(path=TALK, code=code, told=told)


@pytest.mark.parametrize("code", [7, 9])
def test_what_may_pass_is_tried_again_after_a_minute_then_later_each_time(code: int) -> None:
    now = 0.0
    retries = Retries(clock=lambda: now)
    for minutes in (1, 2, 4, 8, 16, 32, 60, 60):
        retries.add(ended(code))
        assert retries.told(TALK) == "no room"
        now += 60 * minutes - 1
        assert retries.due() == []
        now += 1
        assert retries.due() == [TALK]
        assert retries.due() == []
    retries.add(ended(0, ""))
    assert retries.told(TALK) == ""
    now += 7200
    assert retries.due() == []
    retries.add(ended(code))
    now += 60
    assert retries.due() == [TALK]


@pytest.mark.parametrize("code", [1, 3, 8, 11])
def test_what_does_not_pass_is_left_alone(code: int) -> None:
    now = 0.0
    retries = Retries(clock=lambda: now)
    retries.add(ended(code))
    now += 1e6
    assert retries.due() == []
    assert retries.told(TALK) == ""
