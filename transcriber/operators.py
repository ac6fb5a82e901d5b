"""The operators of our own PyTorch that compute Whisper, as typed functions.

Tensors are on the processor and in single precision where nothing else is said. Other builds of
PyTorch have none of these operators; `available` tells.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from transcriber.interruption import undisturbed

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


def available() -> bool:
    """Whether the PyTorch of this process has the operators. Loads it."""
    try:
        with undisturbed():
            capability()
    # AttributeError: stock PyTorch has no such way to call an operator.
    except (AttributeError, ImportError, NotImplementedError, OSError):
        return False
    return True


def capability() -> str:
    """Return the instruction set that the kernels in use are compiled for."""
    return str(_call("capability"))


@functools.cache
def best_capability() -> str:
    """Return the instruction set of the kernels that PyTorch chose, before any were set."""
    return capability()


def set_capability(name: str) -> bool:
    """Use the kernels of another instruction set; return whether the processor has it."""
    try:
        _call("set_capability", name)
    except RuntimeError:
        return False
    return True


def pack(weight: Tensor, form: str) -> tuple[Tensor, Tensor]:
    """Bring a matrix into the form in which the kernels read it.

    Parameters
    ----------
    weight : Tensor, shape = (outputs, inputs), dtype float32 or float16
    form : str
        One of `transcriber.engine.fused.forms.STORAGES`.

    Returns
    -------
    Tensor
        Panels of 16 outputs.
    Tensor
        The scale and the norm of each output; empty where the form has none.
    """
    packed, scales = _call("pack", weight, form)
    return packed, scales


def log_mel(samples: Tensor, filters: Tensor) -> Tensor:
    """Return the logarithm of a sound's mel spectrogram.

    Parameters
    ----------
    samples : Tensor, shape = (samples,)
        At 16 kHz; the first frame begins with the first one.
    filters : Tensor, shape = (mels, 201)

    Returns
    -------
    Tensor, shape = (frames, mels)
    """
    spectrogram: Tensor = _call("log_mel", samples, filters)
    return spectrogram


def speech(weights: Sequence[Tensor], samples: Tensor, state: Tensor) -> Tensor:
    """Return how probably somebody speaks, of every 32 ms.

    Parameters
    ----------
    weights : sequence of Tensor
        Those of `transcriber.speech.network.FusedNetwork`.
    samples : Tensor, shape = (64 + 512 * frames,)
        The frames, and what was before them.
    state : Tensor, shape = (2, 128)
        What was heard before, in the network's own form. It is changed.

    Returns
    -------
    Tensor, shape = (frames,)
    """
    probabilities: Tensor = _call("speech", list(weights), samples, state)
    return probabilities


def encode(weights: Sequence[Tensor], mel: Tensor, heads: int) -> Tensor:
    """Run the encoder on a window.

    Parameters
    ----------
    weights : sequence of Tensor
        Those of the encoder, in the order of `transcriber.engine.fused.layout`.
    mel : Tensor, shape = (mels, 3000)
    heads : int
        Attention heads of a layer.

    Returns
    -------
    Tensor, shape = (1500, state)
    """
    features: Tensor = _call("encode", list(weights), mel, heads)
    return features


def cross(weights: Sequence[Tensor], features: Tensor, heads: int) -> list[Tensor]:
    """Return what the decoder attends to in a window, in a form of the kernels' own.

    Parameters
    ----------
    weights : sequence of Tensor
        Those of the decoder.
    features : Tensor, shape = (1500, state)
        What `encode` made of the window.
    heads : int
        Attention heads of a layer.
    """
    return list(_call("cross", list(weights), features, heads))


def forward(
    weights: Sequence[Tensor],
    window: Sequence[Tensor],
    heads: int,
    tokens: Sequence[int],
    *,
    rows: Sequence[int],
    alignment: Sequence[tuple[int, int]] = (),
) -> tuple[Tensor, Tensor]:
    """Run the decoder on a sequence of tokens.

    Parameters
    ----------
    weights : sequence of Tensor
        Those of the decoder.
    window : sequence of Tensor
        What `cross` made of the window.
    heads : int
        Attention heads of a layer.
    tokens : sequence of int
        From the beginning.
    rows : sequence of int
        Positions in `tokens` whose logits are wanted.
    alignment : sequence of (int, int)
        Layer and head of the attentions that are wanted.

    Returns
    -------
    Tensor, shape = (rows, vocabulary or more)
        Logits; what is behind those of the vocabulary means nothing.
    Tensor, shape = (heads of `alignment`, tokens, 1500)
        Products of queries and keys, before the softmax.
    """
    pairs = [number for pair in alignment for number in pair]
    logits, scores = _call(
        "forward", list(weights), list(window), heads, list(tokens), list(rows), pairs
    )
    return logits, scores


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
        As for `forward`.
    slots : int
        How many rows there may be. A window takes one, or as many as it has beams or candidates.
    """

    def __init__(self, weights: Sequence[Tensor], heads: int, slots: int) -> None:
        self._handle = _call("batch", list(weights), heads, slots)

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
        _call("batch_add", self._handle, number, list(window), list(prompt), **asdict(search))

    def run(self) -> list[Decoded]:
        """Decode until at least one window is done; return those that are, and free their rows.

        It is empty where no window is left.
        """
        numbers, sums = _call("batch_run", self._handle)
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


def _call(name: str, *arguments: Any, **options: Any) -> Any:
    import torch  # noqa: PLC0415

    native: Any = torch._C
    return native._call_operator(f"whisper::{name}", "", *arguments, **options)
