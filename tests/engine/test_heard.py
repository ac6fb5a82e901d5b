from __future__ import annotations

import pytest

from transcriber.engine.heard import telling_clips
from transcriber.engine.interface import Clip


def clips_of(*lengths: int) -> list[Clip]:
    """Return clips of so many frames, with a second between them."""
    found, at = [], 0
    for length in lengths:
        found.append((at, at + length))
        at += length + 100
    return found


def test_where_nobody_speaks_nothing_tells() -> None:
    assert telling_clips([], 3) == []


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_than_asked_for_all_tell(count: int) -> None:
    assert telling_clips(clips_of(*[1000] * count), 3) == list(range(count))


def test_the_longest_of_each_stretch_tells() -> None:
    clips = clips_of(900, 1000, 800, 700, 600, 2000, 600, 700, 650)
    assert telling_clips(clips, 3) == [1, 5, 7]
    assert telling_clips(clips, 1) == [5]


def test_of_equal_ones_the_first_tells() -> None:
    assert telling_clips(clips_of(1000, 1000, 1000, 1000), 2) == [0, 2]


def test_only_one_window_of_a_clip_counts() -> None:
    # The second one is longer, but no more of it would be encoded.
    assert telling_clips(clips_of(3000, 9000, 600), 1) == [0]


def test_short_ones_are_passed_over() -> None:
    clips = clips_of(100, 499, 500, 300, 2000, 200)
    assert telling_clips(clips, 3) == [2, 4]


def test_short_ones_tell_where_there_is_nothing_else() -> None:
    assert telling_clips(clips_of(100, 499, 300), 3) == [0, 1, 2]
    assert telling_clips(clips_of(100, 499, 300), 1) == [1]
