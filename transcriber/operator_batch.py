"""The operator of our own PyTorch that decodes many windows side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from transcriber import operators

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Search:
    """How a `Batch` chooses tokens, under the names of openai-whisper's options and tokenizer.

    Attributes
    ----------
    vocabulary : int
        How many tokens there are.
    sot_index : int
        Index of ``<|startoftranscript|>`` in the prompt.
    eot, no_speech, timestamp_begin, no_timestamps : int
        Tokens that have a meaning of their own; `no_speech` is -1 where there is none.
    timestamps : bool
        Whether the rules of timestamps apply.
    suppress, suppress_first : tuple of int
        Tokens that are never written, and those that are not written first.
    max_initial_timestamp : int
        Index of the latest timestamp that a window may begin with; -1 where any may.
    sample_len : int
        Most tokens that are written.
    beam_size : int
        Beams; 0 for no beam search.
    patience, length_penalty : float
        Of the beam search, and of the ranking; a negative penalty is openai-whisper's None.
    best_of : int
        Candidates when sampling.
    temperature : float
        0 takes the most probable token.
    seed : int
        Of the sampling.
    exact_sampling : bool
        Whether samples are drawn from PyTorch's generator, which the caller has seeded, as
        openai-whisper draws them.
    """

    vocabulary: int
    sot_index: int
    eot: int
    no_speech: int
    timestamp_begin: int
    no_timestamps: int
    timestamps: bool
    suppress: tuple[int, ...]
    suppress_first: tuple[int, ...]
    max_initial_timestamp: int
    sample_len: int
    beam_size: int
    patience: float
    length_penalty: float
    best_of: int
    temperature: float
    seed: int
    exact_sampling: bool


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The text of a window.

    Attributes
    ----------
    number : int
        Under which the window was added.
    tokens : tuple of int
        What follows the prompt, without the token that ends the text.
    sum_logprob : float
        The sum of their log probabilities.
    no_speech_prob : float
        The probability that nobody speaks.
    """

    number: int
    tokens: tuple[int, ...]
    sum_logprob: float
    no_speech_prob: float


class Batch:
    """Windows that are decoded side by side: the weights are read once a step for all of them.

    What a window becomes does not hang on which others are beside it.

    Parameters
    ----------
    weights, heads
        As for `transcriber.operators.forward`.
    slots : int
        How many rows there may be. A window takes one, or as many as it has beams or candidates.
    """

    def __init__(self, weights: Sequence[Tensor], heads: int, slots: int) -> None:
        self._handle = operators.call("batch", list(weights), heads, slots)

    def add(
        self, number: int, window: Sequence[Tensor], prompt: Sequence[int], search: Search
    ) -> None:
        """Take in a window, for which there must be room.

        Parameters
        ----------
        number : int
            By which it is known; no other one in the batch may have it.
        window : sequence of Tensor
            What `cross` made of it.
        prompt : sequence of int
            Tokens to begin with.
        search : Search
            How the tokens that follow are chosen.
        """
        operators.call(
            "batch_add", self._handle, number, list(window), list(prompt), **asdict(search)
        )

    def run(self) -> list[Decoded]:
        """Decode until at least one window is done; return those that are, and free their rows.

        It is empty where no window is left.
        """
        numbers, sums = operators.call("batch_run", self._handle)
        numbers, found = numbers.tolist(), []
        for sum_logprob, no_speech_prob in sums.tolist():
            number, count, *numbers = numbers
            found.append(
                Decoded(
                    number=number,
                    tokens=tuple(numbers[:count]),
                    sum_logprob=sum_logprob,
                    no_speech_prob=no_speech_prob,
                )
            )
            numbers = numbers[count:]
        return found
