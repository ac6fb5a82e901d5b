from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from transcriber.engine.batching import Loops, OneByOne, side_by_side
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import Position, WindowResult
from transcriber.engine.request import Loop, Request


def hypothesis(text: int) -> Hypothesis:
    return Hypothesis(
        tokens=(text,),
        temperature=0.0,
        avg_logprob=-0.1,
        compression_ratio=1.0,
        no_speech_prob=0.0,
    )


class Batch:
    """Decodes each request to its own language, the shortest first."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.held: dict[int, Request] = {}
        self.most = 0
        self.log: list[list[int]] = []

    def used(self) -> int:
        return sum(_rows(request) for request in self.held.values())

    def fits(self, request: Request) -> bool:
        return self.used() + _rows(request) <= self.rows

    def add(self, number: int, request: Request) -> None:
        assert self.fits(request)
        assert number not in self.held
        self.held[number] = request
        self.most = max(self.most, len(self.held))

    def run(self) -> list[tuple[int, Hypothesis]]:
        if not self.held:
            return []
        self.log.append(sorted(self.held))
        number = min(self.held, key=lambda one: (self.held[one].encoded, one))
        request = self.held.pop(number)
        return [(number, hypothesis(request.encoded))]


def _rows(request: Request) -> int:
    return 5 if request.temperature else 1


def loop(*lengths: int, fails: int = 0) -> Loop:
    """Decode windows that take so long; the first one fails so many times."""
    for index, length in enumerate(lengths):
        for attempt in range(1 + (fails if index == 0 else 0)):
            found = yield Request(
                encoded=length, language="en", prompt=[], temperature=0.2 * attempt
            )
            assert found is not None
            assert found.tokens == (length,)
        segment: Any = {"text": str(length)}
        yield WindowResult(segments=(segment,), position=Position(seek=index))


def texts(found: Iterator[tuple[Any, WindowResult | None]]) -> dict[Any, list[str]]:
    said: dict[Any, list[str]] = {}
    ended = set()
    for key, window in found:
        assert key not in ended
        if window is None:
            ended.add(key)
        else:
            said.setdefault(key, []).append(window.segments[0]["text"])
    assert ended >= said.keys()
    return said


@pytest.mark.parametrize("most", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [5, 8])
def test_each_loop_gets_its_answers_in_order(most: int, rows: int) -> None:
    batch = Batch(rows)
    loops = [(key, loop(3 + key, 1, 2, fails=key % 3)) for key in range(10)]
    said = texts(side_by_side(iter(loops), batch, most=most))
    assert said == {key: [str(3 + key), "1", "2"] for key in range(10)}
    assert batch.most == min(most, rows)


def test_a_loop_that_ends_makes_room_for_the_next() -> None:
    batch = Batch(8)
    asked: list[int] = []

    def feed() -> Iterator[tuple[int, Loop]]:
        for key in range(6):
            asked.append(key)
            yield key, loop(9 if key == 1 else 1)

    order = [key for key, window in side_by_side(feed(), batch, most=2) if window is None]
    # The long one stays while the others pass.
    assert order == [0, 2, 3, 4, 5, 1]
    assert asked == list(range(6))


def test_the_first_window_is_decoded_alone() -> None:
    batch = Batch(8)
    found = side_by_side(iter([(key, loop(5, 5)) for key in range(4)]), batch, most=4)
    assert next(found)[0] == 0
    assert batch.log == [[0]]
    assert len(texts(found)) == 4


def test_who_wants_more_rows_waits_and_is_not_overtaken() -> None:
    batch = Batch(6)
    loops = [(0, loop(1, 1)), (1, loop(1, fails=1)), (2, loop(2, 2)), (3, loop(9, fails=1))]
    assert texts(side_by_side(iter(loops), batch, most=4)).keys() == {0, 1, 2, 3}


def test_nothing_to_do() -> None:
    assert list(side_by_side(iter(()), Batch(4), most=4)) == []


def test_a_loop_without_windows_ends() -> None:
    assert list(side_by_side(iter([("a", loop())]), Batch(4), most=4)) == [("a", None)]


def test_who_has_to_wait_is_asked_for_again_after_a_step() -> None:
    batch = Batch(8)
    asked: list[int] = []

    def feed() -> Loops[int]:
        yield 0, loop(1, 1, 1)
        for _ in range(2):
            asked.append(len(batch.log))
            yield None
        yield 1, loop(1)

    found = [key for key, _ in side_by_side(feed(), batch, most=4)]
    # The first one went on meanwhile.
    assert asked == [1, 2]
    assert found.index(1) > 1
    assert sorted(found) == [0, 0, 0, 0, 1, 1]


def test_who_waits_until_no_other_is_left_begins_then() -> None:
    ended: list[int] = []

    def feed() -> Loops[int]:
        yield 0, loop(3, 3)
        yield 1, loop(1)
        while len(ended) < 2:
            yield None
        yield 2, loop(1, 2)

    order = []
    for key, window in side_by_side(feed(), Batch(8), most=4):
        order.append(key)
        if window is None:
            ended.append(key)
    assert ended == [1, 0, 2]
    assert order[-3:] == [2, 2, 2]


def test_waiting_with_nothing_to_do_is_no_end() -> None:
    def feed() -> Loops[str]:
        yield None
        yield None
        yield "a", loop(1)

    assert texts(side_by_side(feed(), Batch(4), most=4)) == {"a": ["1"]}


class Model:
    """Decodes what it is given to a token, and notes how."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def decode(self, encoded: Any, **how: Any) -> Hypothesis:
        self.asked.append((encoded, how))
        return hypothesis(encoded)


def one_by_one() -> tuple[Model, OneByOne]:
    model: Any = Model()
    return model, OneByOne(model)


def test_a_model_that_decodes_one_at_a_time() -> None:
    model, batch = one_by_one()
    request = Request(encoded=5, language="de", prompt=[1, 2], temperature=0.4)
    assert batch.fits(request)
    assert batch.run() == []
    batch.add(7, request)
    assert not batch.fits(request)
    assert model.asked == []
    assert batch.run() == [(7, hypothesis(5))]
    assert model.asked == [(5, {"language": "de", "prompt": [1, 2], "temperature": 0.4})]
    assert batch.fits(request)
    assert batch.run() == []


@pytest.mark.parametrize("most", [1, 3])
def test_loops_take_turns_where_one_is_decoded_at_a_time(most: int) -> None:
    _, batch = one_by_one()
    loops = [(key, loop(3 + key, 1, fails=key % 2)) for key in range(4)]
    said = texts(side_by_side(iter(loops), batch, most=most))
    assert said == {key: [str(3 + key), "1"] for key in range(4)}
