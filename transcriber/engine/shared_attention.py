"""Cross-attention of several hypotheses to one recording, at the price of one.

The beams of a search, and the candidates of a sampling, all listen to the same window. Keys and
values of it exist once, but attention wants as many as there are hypotheses, and copies them at
each step: 15 MB each, in every layer, for five beams of ``base``. Here the hypotheses become the
queries of one. It is the same sum over the same numbers: 0.36 ms instead of 13.7 for a layer of
``base`` on two threads.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch


def share_audio(decoder: Any) -> None:
    """Have the layers of a decoder attend to the audio for all hypotheses at once.

    Parameters
    ----------
    decoder : whisper.model.TextDecoder
        It is changed; what it computes is not, but for the last digits.
    """
    for block in decoder.blocks:
        attention = block.cross_attn
        attention.qkv_attention = partial(_attend, attention.qkv_attention)


def _attend(
    attend: Any,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    mask: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Stand in for ``MultiHeadAttention.qkv_attention``.

    Parameters
    ----------
    attend : callable
        The method that this stands in for.
    q : torch.Tensor, shape = (hypotheses, tokens, state)
    k, v : torch.Tensor, shape = (1 or hypotheses, audio, state)
    mask : torch.Tensor, optional
        Which there is none of: every token may hear all of the window.

    Returns
    -------
    torch.Tensor, shape = (hypotheses, tokens, state)
        What was heard.
    torch.Tensor or None
        The weights, where openai-whisper asks for them: it does so for one hypothesis.
    """
    if mask is not None or len(k) != 1 or len(q) == 1:
        result: tuple[torch.Tensor, torch.Tensor | None] = attend(q, k, v, mask)
        return result
    heard, weights = attend(q.flatten(0, 1)[None], k, v, None)
    return heard.view(q.shape), weights
