"""Requests that the fused operators decode side by side."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transcriber import operator_batch
from transcriber.engine.hypothesis import Hypothesis

if TYPE_CHECKING:
    from torch import Tensor

    from transcriber.engine.request import Request


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A request in the operators' words.

    Attributes
    ----------
    prompt : list of int
        Tokens to begin with.
    search : operator_batch.Search
        How the tokens that follow are chosen.
    tokenizer : whisper.tokenizer.Tokenizer
        What makes text of them.
    """

    prompt: list[int]
    search: operator_batch.Search
    tokenizer: Any

    @property
    def rows(self) -> int:
        """How many rows it takes."""
        return self.search.beam_size or self.search.best_of


class FusedBatch:
    """A `transcriber.engine.batching.RequestBatch` on the fused operators.

    Parameters
    ----------
    weights : sequence of Tensor
        Those of the decoder.
    heads : int
        Attention heads of a layer.
    slots : int
        How many rows there may be: at least as many as one request takes.
    prepare : callable
        Returns a request as `Prepared`.
    """

    def __init__(
        self,
        weights: Sequence[Tensor],
        heads: int,
        slots: int,
        prepare: Callable[[Request], Prepared],
    ) -> None:
        self._batch = operator_batch.Batch(weights, heads, slots)
        self._free = slots
        self._prepare = prepare
        self._held: dict[int, Prepared] = {}

    def fits(self, request: Request) -> bool:
        """Whether there is room for the rows that it takes."""
        return self._prepare(request).rows <= self._free

    def add(self, number: int, request: Request) -> None:
        """Take a request in, under a number that no other one in the batch has."""
        prepared = self._prepare(request)
        self._batch.add(number, request.encoded, prepared.prompt, prepared.search)
        self._held[number] = prepared
        self._free -= prepared.rows

    def run(self) -> list[tuple[int, Hypothesis]]:
        """Decode until at least one request is done; return those that are."""
        found = []
        for decoded in self._batch.run():
            prepared = self._held.pop(decoded.number)
            self._free += prepared.rows
            found.append((decoded.number, _hypothesis(decoded, prepared)))
        return found


def _hypothesis(decoded: operator_batch.Decoded, prepared: Prepared) -> Hypothesis:
    text = prepared.tokenizer.decode(decoded.tokens).strip()
    return Hypothesis(
        tokens=decoded.tokens,
        temperature=prepared.search.temperature,
        # The token that ends the text counts, too.
        avg_logprob=decoded.sum_logprob / (len(decoded.tokens) + 1),
        compression_ratio=_compression_ratio(text),
        no_speech_prob=decoded.no_speech_prob,
    )


def _compression_ratio(text: str) -> float:
    content = text.encode("utf-8")
    return len(content) / len(zlib.compress(content))
