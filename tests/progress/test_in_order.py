from __future__ import annotations

import random

import pytest

from transcriber.engine.interface import Position, WindowResult
from transcriber.progress.in_order import InOrder


def window(clip: int, number: int = 0) -> WindowResult:
    return WindowResult(segments=(), position=Position(clip=clip, seek=number))


def test_windows_wait_for_those_before_them() -> None:
    order = InOrder(2)
    order.add(1, window(1))
    assert list(order.ready()) == []
    order.add(0, window(0, 1))
    assert list(order.ready()) == [window(0, 1)]
    order.add(0, window(0, 2))
    assert list(order.ready()) == [window(0, 2)]
    # The first clip may go on.
    assert list(order.ready()) == []
    order.add(0, None)
    assert list(order.ready()) == [window(1)]
    assert list(order.ready()) == []


def test_a_clip_that_has_not_ended_is_told_as_far_as_it_is() -> None:
    order = InOrder(2)
    order.add(0, None)
    order.add(1, window(1, 1))
    assert list(order.ready()) == [window(1, 1)]
    order.add(1, window(1, 2))
    assert list(order.ready()) == [window(1, 2)]
    assert not order.complete
    order.add(1, None)
    assert order.complete
    assert list(order.ready()) == []


def test_it_is_complete_when_every_clip_has_ended() -> None:
    order = InOrder(3)
    for clip in (2, 0, 0):
        order.add(clip, None)
        assert not order.complete
    order.add(1, None)
    assert order.complete


def test_without_clips_it_is_complete() -> None:
    assert InOrder(0).complete
    assert list(InOrder(0).ready()) == []


@pytest.mark.parametrize("seed", range(10))
def test_every_window_is_told_once_and_in_order(seed: int) -> None:
    chance = random.Random(seed)
    windows = [[window(clip, n) for n in range(chance.randrange(4))] for clip in range(6)]
    order = InOrder(len(windows))
    told: list[WindowResult] = []
    left = {clip: iter(several) for clip, several in enumerate(windows)}
    while left:
        clip = chance.choice(list(left))
        one = next(left[clip], None)
        order.add(clip, one)
        if one is None:
            del left[clip]
        if chance.random() < 0.5:
            told += order.ready()
            expected = [each for several in windows for each in several]
            assert told == expected[: len(told)]
    told += order.ready()
    assert told == [each for several in windows for each in several]
