"""A model on a GPU that is not believed blindly.

A GPU that overheats, has bad memory or lost its driver raises an error at best. At worst it goes
on and answers with garbage: zeros where nothing was computed, or NaN, which it keeps to, so that
the text is empty or full of exclamation marks. Each answer is checked on the processor for what no
working GPU gives. That costs a copy of the encoder's output, 1 to 4 MB a window.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch

from transcriber.engine.device_failures import device_failures, failure, is_out_of_gpu_memory
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.model import WhisperModel
from transcriber.errors import EngineFailedError

if TYPE_CHECKING:
    from transcriber.engine.interface import Segment
    from transcriber.engine.request import Request
    from transcriber.engine.rows.batch import RowBatch
    from transcriber.engine.word_request import WordRequest

_ROUNDING = 1e-2
"""By how much a probability, or a sum of them, may miss 1: half precision has 3 digits."""

Answer = TypeVar("Answer")


class WatchedModel:
    """A `WhisperModel` on a GPU, whose failures are all `EngineFailedError`.

    Parameters
    ----------
    model : WhisperModel
        The model.
    device : str
        torch's name of the GPU.
    """

    def __init__(self, model: WhisperModel, device: str) -> None:
        self._model = model
        self._device = device
        self.mels = model.mels
        self.multilingual = model.multilingual
        self.prompt_limit = model.prompt_limit
        self._batch: RowBatch | None = None

    def tokenizer(self, language: str) -> Any:
        """Return the tokenizer for a language and the task of the settings."""
        return self._model.tokenizer(language)

    def language_probabilities(self, encoded: torch.Tensor) -> dict[str, float]:
        """Return how probably each language is spoken in a window, by its code."""
        probabilities = self._compute(lambda: self._model.language_probabilities(encoded))
        self._demand(abs(sum(probabilities.values()) - 1) <= _ROUNDING, "the languages")
        return probabilities

    def encode(self, window: torch.Tensor) -> torch.Tensor:
        """Run the encoder, as `WhisperModel.encode` does."""
        encoded, values = self._compute(lambda: _with_copy(self._model.encode(window)))
        # The last layer gives each row a mean and a spread of its own: equal values are no output.
        self._demand(
            bool(np.isfinite(values).all()) and bool((values[0] != values[0, 0]).any()),
            "the encoder's output",
        )
        return encoded

    def decode(
        self, encoded: torch.Tensor, *, language: str, prompt: list[int], temperature: float
    ) -> Hypothesis:
        """Decode one window at one temperature, as `WhisperModel.decode` does."""
        hypothesis = self._compute(
            lambda: self._model.decode(
                encoded, language=language, prompt=prompt, temperature=temperature
            )
        )
        self._check(hypothesis)
        return hypothesis

    def batch(self, windows: int) -> WatchedBatch:
        """Return a batch for so many windows, as `WhisperModel.batch` does."""
        self._batch = self._model.batch(windows)
        return WatchedBatch(self._batch, self._device, self._check)

    def room(self) -> int:
        """Return how many windows fit, as `WhisperModel.room` does."""
        with device_failures(self._device):
            return self._model.room()

    def _check(self, hypothesis: Hypothesis) -> None:
        # Each of them is false for NaN, too.
        self._demand(hypothesis.avg_logprob <= _ROUNDING, "the text's probability")
        self._demand(_is_probability(hypothesis.no_speech_prob), "the probability of silence")
        known = range(self._model.vocabulary)
        self._demand(all(token in known for token in hypothesis.tokens), "the tokens")

    def add_words(self, segments: list[Segment], request: WordRequest) -> None:
        """Give each segment its words with their times, as `WhisperModel.add_words` does."""
        self._compute(lambda: self._model.add_words(segments, request))
        for segment in segments:
            for word in segment.get("words", ()):
                self._demand(
                    _is_probability(word["probability"])
                    and math.isfinite(word["start"])
                    and math.isfinite(word["end"]),
                    "the times of the words",
                )

    def _compute(self, compute: Callable[[], Answer]) -> Answer:
        """Compute; where memory runs out, give back what the allocator hoards and try again."""
        try:
            with device_failures(self._device):
                return compute()
        except EngineFailedError as error:
            if error.__cause__ is None or not is_out_of_gpu_memory(error.__cause__):
                raise
        # Not in the clause above, where the exception keeps the tensors of the failed call.
        with device_failures(self._device):
            if self._batch is not None:
                # What windows are decoded in is most of what there is to give back.
                self._batch.shrink()
            torch.cuda.empty_cache()
            return compute()

    def _demand(self, sound: bool, what: str) -> None:
        if not sound:
            raise failure(self._device, f"it miscalculates {what}")


class WatchedBatch:
    """A `RowBatch` on a GPU, whose failures are all `EngineFailedError`.

    Parameters
    ----------
    batch : RowBatch
        The batch.
    device : str
        torch's name of the GPU.
    check : callable
        Raises for an answer that no working GPU gives.
    """

    def __init__(self, batch: RowBatch, device: str, check: Callable[[Hypothesis], None]) -> None:
        self._batch = batch
        self._device = device
        self._check = check

    def fits(self, request: Request) -> bool:
        """Whether there is room for the rows that it takes."""
        return self._batch.fits(request)

    def add(self, number: int, request: Request) -> None:
        """Take a request in, under its number."""
        self._batch.add(number, request)

    def run(self) -> list[tuple[int, Hypothesis]]:
        """Decode until at least one request is done; return those that are."""
        with device_failures(self._device):
            found = self._batch.run()
        for _, hypothesis in found:
            self._check(hypothesis)
        return found


def _with_copy(values: torch.Tensor) -> tuple[torch.Tensor, np.ndarray[Any, Any]]:
    # The copy waits for the GPU, so what failed in the encoder is told here.
    return values, values.to("cpu").numpy()


def _is_probability(value: float) -> bool:
    return -_ROUNDING <= value <= 1 + _ROUNDING
