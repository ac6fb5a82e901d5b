from __future__ import annotations

import itertools
from typing import Any

from transcriber.engine.interface import DecodedWindows, Position, WindowResult


def window(clip: int, *texts: str) -> WindowResult:
    segments: Any = tuple({"text": text} for text in texts)
    return WindowResult(segments=segments, position=Position(clip=clip))


def test_segments_are_in_the_order_in_which_they_are_said() -> None:
    first, second = [window(0, "a"), window(0, "b", "c")], [window(1), window(1, "d")]
    third = [window(2, "e")]
    expected = [{"id": number, "text": text} for number, text in enumerate("abcde")]
    for order in set(itertools.permutations([0, 0, 1, 1, 2])):
        # The windows of one clip are always in order.
        left = [iter(windows) for windows in (first, second, third)]
        windows = tuple(next(left[clip]) for clip in order)
        assert DecodedWindows(windows=windows).segments == expected


def test_at_the_beginning_there_is_nothing() -> None:
    assert DecodedWindows().segments == []
    assert DecodedWindows().position is None
