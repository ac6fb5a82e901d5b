"""An iterator that runs ahead of whoever takes its items."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from transcriber.audio.background import Background


def counted(made: list[int], ended: threading.Event, items: int) -> Generator[int, None, None]:
    try:
        for number in range(items):
            made.append(number)
            yield number
    finally:
        ended.set()


def settled(made: list[int]) -> int:
    """Return how many were made when no more are for a while."""
    count = -1
    while count != len(made):
        count = len(made)
        time.sleep(0.2)
    return count


def test_it_works_ahead_and_no_further_than_said() -> None:
    made: list[int] = []
    background = Background(counted(made, threading.Event(), 9), most=3, stop=lambda: None)
    assert settled(made) == 0
    background.begin()
    background.begin()
    assert settled(made) == 3
    assert next(background) == 0
    assert settled(made) == 4
    assert list(background) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert list(background) == []


def test_what_goes_wrong_is_raised_behind_what_went_well() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        yield 2
        raise ValueError("three")

    background = Background(items(), most=9, stop=lambda: None)
    background.begin()
    time.sleep(0.2)
    assert (next(background), next(background)) == (1, 2)
    with pytest.raises(ValueError, match="three"):
        next(background)
    assert list(background) == []


@pytest.mark.parametrize("most", [1, 3])
def test_closing_ends_the_generator(most: int) -> None:
    made: list[int] = []
    ended = threading.Event()
    background = Background(counted(made, ended, 99), most=most, stop=lambda: None)
    assert next(background) == 0
    background.close()
    assert ended.is_set()
    assert background.closed
    assert len(made) <= most + 1
    assert list(background) == []
    background.close()


def test_one_that_waits_is_told_to_go_on() -> None:
    waits, ended = threading.Event(), threading.Event()

    def items() -> Generator[int, None, None]:
        try:
            waits.wait(60)
            yield 1
        finally:
            ended.set()

    background = Background(items(), most=1, stop=waits.set)
    background.begin()
    background.close()
    assert ended.is_set()
    assert list(background) == []


def test_nothing_begins_after_the_end() -> None:
    made: list[int] = []
    background = Background(counted(made, threading.Event(), 3), most=1, stop=lambda: None)
    background.close()
    background.begin()
    assert list(background) == []
    assert made == []


def test_whoever_waits_is_asked_whether_it_is_still_wanted() -> None:
    wanted, hung = threading.Event(), threading.Event()
    wanted.set()

    def items() -> Generator[int, None, None]:
        yield 1
        hung.wait(30)
        yield 2

    def check() -> None:
        if not wanted.is_set():
            raise ValueError("nobody wants it")

    background = Background(items(), most=3, stop=hung.set, check=check)
    assert next(background) == 1
    threading.Timer(0.2, wanted.clear).start()
    began = time.monotonic()
    with pytest.raises(ValueError, match="nobody"):
        next(background)
    assert time.monotonic() - began < 10
    with pytest.raises(ValueError, match="nobody"):
        next(background)
    background.close()
