"""What a loop over a recording asks of a model."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import Segment, WindowResult
from transcriber.engine.word_request import WordRequest

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a loop wants decoded; it is sent the `Hypothesis`.

    Attributes
    ----------
    encoded : object
        What the model's `encode` made of the window.
    language : str
        Its code.
    prompt : list of int
        Tokens of the text before the window.
    temperature : float
        0 for beam search or greedy decoding, else for sampling.
    """

    encoded: Any
    language: str
    prompt: list[int]
    temperature: float


Loop = Generator[Request | WindowResult, Hypothesis | None, None]
"""Yields requests, which are answered with a hypothesis, and windows, which are not."""


class Network(Protocol):
    """What the loop asks of a model: see `WhisperModel`, whose methods these are."""

    mels: int
    multilingual: bool
    prompt_limit: int

    def tokenizer(self, language: str) -> Any:
        """Return the tokenizer for a language."""

    def encode(self, window: torch.Tensor) -> Any:
        """Run the encoder; return what the other methods take."""

    def language_probabilities(self, encoded: Any) -> dict[str, float]:
        """Return how probably each language is spoken in a window, by its code."""

    def decode(
        self, encoded: Any, *, language: str, prompt: list[int], temperature: float
    ) -> Hypothesis:
        """Decode one window at one temperature."""

    def add_words(self, segments: list[Segment], request: WordRequest) -> None:
        """Give each segment its words with their times."""
