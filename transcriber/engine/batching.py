"""Loops of several clips side by side: what they want decoded goes into one batch.

A processor reads the decoder's weights once a step for all rows, so eight windows take little
longer than one. A loop that ends makes room for the next one, which may be another recording's.
What a loop yields does not hang on which others run beside it.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Generator, Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import WindowResult
from transcriber.engine.request import Loop, Network, Request

Key = TypeVar("Key", bound=Hashable)


class RequestBatch(Protocol):
    """Requests that a model decodes side by side."""

    def fits(self, request: Request) -> bool:
        """Whether there is room for it. In an empty batch there is for any."""

    def add(self, number: int, request: Request) -> None:
        """Take a request in, under a number that no other one in the batch has."""

    def run(self) -> list[tuple[int, Hypothesis]]:
        """Decode until at least one request is done; return those that are."""


class OneByOne:
    """A batch for models that decode one request at a time."""

    def __init__(self, model: Network) -> None:
        self._model = model
        self._request: tuple[int, Request] | None = None

    def fits(self, request: Request) -> bool:
        """Whether there is none."""
        return self._request is None

    def add(self, number: int, request: Request) -> None:
        """Take a request in, under its number."""
        self._request = number, request

    def run(self) -> list[tuple[int, Hypothesis]]:
        """Decode the request, if there is one."""
        if self._request is None:
            return []
        (number, request), self._request = self._request, None
        return [
            (
                number,
                self._model.decode(
                    request.encoded,
                    language=request.language,
                    prompt=request.prompt,
                    temperature=request.temperature,
                ),
            )
        ]


@dataclass(kw_only=True)
class _Running(Generic[Key]):
    key: Key
    loop: Loop


Loops = Iterator[tuple[Key, Loop] | None]
"""Loops under a key of each; None where the next one cannot begin yet."""


def side_by_side(
    loops: Loops[Key], batch: RequestBatch, *, most: int
) -> Generator[tuple[Key, WindowResult | None], None, None]:
    """Run loops side by side, and the first one by itself up to its first window.

    So the first words come as early as without the others.

    Parameters
    ----------
    loops : iterator of (Key, Loop), or None
        They are asked for one by one, when there is room.
    batch : RequestBatch
        What decodes.
    most : int
        How many loops run at a time.

    Yields
    ------
    Key
        Of the loop that this is about.
    WindowResult or None
        A window of it, in the loop's order; None at its end.
    """
    scheduler: _Scheduler[Key] = _Scheduler(batch)
    room = 1
    while True:
        while scheduler.has_room(room):
            try:
                pair = next(loops)
            except StopIteration:
                if scheduler.idle:
                    return
                break
            if pair is None:
                break
            yield from scheduler.start(*pair)
        for key, window in scheduler.step():
            yield key, window
            room = most


class _Scheduler(Generic[Key]):
    def __init__(self, batch: RequestBatch) -> None:
        self._batch = batch
        self._running: dict[int, _Running[Key]] = {}
        self._waiting: deque[tuple[int, Request]] = deque()
        self._numbers = itertools.count()

    @property
    def idle(self) -> bool:
        """Whether no loop runs."""
        return not self._running

    def has_room(self, most: int) -> bool:
        """Whether another loop may begin: not before what the others want has found its place."""
        return len(self._running) < most and not self._waiting

    def start(self, key: Key, loop: Loop) -> Iterator[tuple[Key, WindowResult | None]]:
        """Begin a loop; yield what it has to say without anything being decoded."""
        number = next(self._numbers)
        self._running[number] = _Running(key=key, loop=loop)
        return self._advance(number, None)

    def step(self) -> Iterator[tuple[Key, WindowResult | None]]:
        """Decode until a request is done, and let its loop go on."""
        for number, hypothesis in self._batch.run():
            yield from self._advance(number, hypothesis)
        while self._waiting and self._batch.fits(self._waiting[0][1]):
            self._batch.add(*self._waiting.popleft())

    def _advance(
        self, number: int, answer: Hypothesis | None
    ) -> Iterator[tuple[Key, WindowResult | None]]:
        running = self._running[number]
        while True:
            try:
                asked = running.loop.send(answer)
            except StopIteration:
                del self._running[number]
                yield running.key, None
                return
            answer = None
            if isinstance(asked, WindowResult):
                yield running.key, asked
                continue
            if self._waiting or not self._batch.fits(asked):
                self._waiting.append((number, asked))
            else:
                self._batch.add(number, asked)
            return
