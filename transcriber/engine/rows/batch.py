"""Requests that PyTorch's own operators decode side by side."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import torch

from transcriber.engine.device_failures import is_out_of_gpu_memory
from transcriber.engine.rows.decoder import RowDecoder
from transcriber.engine.rows.room import has_room, slots
from transcriber.engine.rows.search import Search, choose, never_written
from transcriber.machine.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from whisper.decoding import DecodingTask

    from transcriber.engine.hypothesis import Hypothesis
    from transcriber.engine.request import Request
    from transcriber.settings import DecodingSettings


class RowBatch:
    """A `transcriber.engine.batching.RequestBatch` for a network of openai-whisper's.

    Where memory runs out, half as many windows go on, and the others wait for their turn. They
    begin anew then, and end in the same texts.

    Parameters
    ----------
    model : whisper.model.Whisper
        The network.
    settings : DecodingSettings
        How it is to decode.
    windows : int
        How many windows there may be.
    dtype : torch.dtype
        What the network computes in.
    task : callable
        Returns openai-whisper's settings of a request.
    """

    def __init__(
        self,
        model: Any,
        settings: DecodingSettings,
        *,
        windows: int,
        dtype: torch.dtype,
        task: Callable[[Request], DecodingTask],
    ) -> None:
        self._model = model
        self._windows = windows
        self._settings = settings
        self._dtype = dtype
        self._task = task
        self._decoder: RowDecoder | None = None
        self._never: torch.Tensor | None = None
        self._waiting: deque[tuple[int, Request]] = deque()
        self._running: list[tuple[int, Request, Search]] = []

    @property
    def windows(self) -> int:
        """How many windows there may be by now."""
        return self._windows

    def fits(self, request: Request) -> bool:
        """Whether there is room for the rows that it takes."""
        return self._has_room(request, [one.temperature for _, one in self._waiting])

    def add(self, number: int, request: Request) -> None:
        """Take a request in, under a number that no other one in the batch has."""
        self._waiting.append((number, request))

    def run(self) -> list[tuple[int, Hypothesis]]:
        """Decode until at least one request is done; return those that are."""
        while self._waiting or self._running:
            try:
                with torch.no_grad():
                    return self._run()
            except Exception as error:
                if not (is_out_of_gpu_memory(error) or is_out_of_memory(error)):
                    raise
                if not self.shrink():
                    raise
            # Not in the clause above, where the exception keeps the tensors of the failed call.
            if self._model.device.type == "cuda":
                torch.cuda.empty_cache()
        return []

    def shrink(self) -> bool:
        """Give back the memory, and go on with half as many windows; return whether it can."""
        if self._windows == 1:
            return False
        # What was laid out for many may be more than what they have used.
        self._windows //= 2
        self._waiting.extendleft((number, request) for number, request, _ in self._running[::-1])
        self._running.clear()
        self._decoder = None
        return True

    def _run(self) -> list[tuple[int, Hypothesis]]:
        while not any(search.done for _, _, search in self._running):
            self._begin()
            searches = [search for _, _, search in self._running]
            if any(search.done for search in searches):
                break
            logits = self._laid_out().step([text[-1] for one in searches for text in one.texts])
            self._laid_out().follow(self._choose(searches, logits))
        found = []
        for place in reversed(range(len(self._running))):
            number, _, search = self._running[place]
            if search.done:
                found.append((number, search.hypothesis()))
                self._laid_out().end(place)
                # As the decoder does.
                self._running[place] = self._running[-1]
                self._running.pop()
        return found[::-1]

    def _begin(self) -> None:
        """Take in what waits, as far as there is room."""
        while self._waiting:
            request = self._waiting[0][1]
            if not self._has_room(request):
                return
            search = Search(self._task(request), self._settings.seed)
            heard = self._laid_out().begin(search.prompt, request.encoded, search.rows)
            self._choose([search], search.listen(heard))
            self._running.append((*self._waiting.popleft(), search))

    def _choose(self, searches: list[Search], logits: torch.Tensor) -> list[int]:
        if self._never is None:
            request = (self._waiting or self._running)[0][1]
            never = never_written(self._task(request), self._model.dims.n_vocab)
            self._never = never.to(self._model.device)
        return choose(searches, logits, self._never)

    def _has_room(self, request: Request, waiting: Sequence[float] = ()) -> bool:
        held = [*waiting, *(search.temperature for _, _, search in self._running)]
        return has_room(self._settings, self._windows, held, request.temperature)

    def _laid_out(self) -> RowDecoder:
        if self._decoder is None:
            self._decoder = RowDecoder(
                self._model, self._windows, slots(self._settings, self._windows), self._dtype
            )
        return self._decoder
