"""The operators of our own PyTorch that compute Whisper, as typed functions.

Tensors are on the processor and in single precision where nothing else is said. Other builds of
PyTorch have none of these operators; `available` tells.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transcriber.interruption import undisturbed

if TYPE_CHECKING:
    from torch import Tensor


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
    return str(call("capability"))


@functools.cache
def best_capability() -> str:
    """Return the instruction set of the kernels that PyTorch chose, before any were set."""
    return capability()


def set_capability(name: str) -> bool:
    """Use the kernels of another instruction set; return whether the processor has it."""
    try:
        call("set_capability", name)
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
    packed, scales = call("pack", weight, form)
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
    spectrogram: Tensor = call("log_mel", samples, filters)
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
    probabilities: Tensor = call("speech", list(weights), samples, state)
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
    features: Tensor = call("encode", list(weights), mel, heads)
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
    return list(call("cross", list(weights), features, heads))


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
    logits, scores = call(
        "forward", list(weights), list(window), heads, list(tokens), list(rows), pairs
    )
    return logits, scores


def call(name: str, *arguments: Any, **options: Any) -> Any:
    """Call an operator by its name, of those that only our own PyTorch has."""
    import torch  # noqa: PLC0415

    native: Any = torch._C
    return native._call_operator(f"whisper::{name}", "", *arguments, **options)
