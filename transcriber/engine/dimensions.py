"""Which dimensions openai-whisper can compute: its constructor takes more than its code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_MELS = (80, 128)
"""Those that it has filters for."""

_AUDIO_CONTEXT = 1500
"""Encoded frames of a window, which has always 30 seconds."""

_WIDTHS = {
    "encoder.positional_embedding": ("n_audio_ctx", "n_audio_state"),
    "decoder.positional_embedding": ("n_text_ctx", "n_text_state"),
    "decoder.token_embedding.weight": ("n_vocab", "n_text_state"),
}
"""Tensors that show all dimensions but the number of layers and heads."""


def check_computable(dimensions: Mapping[str, int]) -> None:
    """Check that a model of these dimensions can be computed.

    Parameters
    ----------
    dimensions : mapping of str to int
        The fields of openai-whisper's ``ModelDimensions``.

    Raises
    ------
    ValueError
        When the first window would fail.

    Examples
    --------
    >>> sizes = {"n_audio_state": 384, "n_audio_head": 6, "n_text_state": 384, "n_text_head": 5}
    >>> check_computable(sizes)
    Traceback (most recent call last):
        ...
    ValueError: 5 heads cannot share a width of 384
    """
    for part in ("audio", "text"):
        state, heads = dimensions[f"n_{part}_state"], dimensions[f"n_{part}_head"]
        if state % heads:
            raise ValueError(f"{heads} heads cannot share a width of {state}")
    if dimensions["n_mels"] not in _MELS:
        raise ValueError(f"its n_mels is {dimensions['n_mels']}, not 80 or 128")
    if dimensions["n_audio_ctx"] != _AUDIO_CONTEXT:
        raise ValueError(f"its n_audio_ctx is {dimensions['n_audio_ctx']}, not {_AUDIO_CONTEXT}")


def check_sizes(dimensions: Mapping[str, int], state: Mapping[str, Any]) -> None:
    """Check that a checkpoint holds what its dimensions say, before a model of them is made.

    Parameters
    ----------
    dimensions : mapping of str to int
        The fields of openai-whisper's ``ModelDimensions``.
    state : mapping of str to Tensor
        The weights.

    Raises
    ------
    ValueError
        When there are too few tensors for the layers, or some are missing or of other sizes:
        without end would be built what a damaged number asks for.

    Examples
    --------
    >>> check_sizes({"n_audio_layer": 4, "n_text_layer": 4}, {})
    Traceback (most recent call last):
        ...
    ValueError: Missing keys in its state_dict
    """
    if dimensions["n_audio_layer"] + dimensions["n_text_layer"] > len(state):
        raise ValueError("Missing keys in its state_dict")
    for name, fields in _WIDTHS.items():
        if name not in state:
            raise ValueError(f"Missing key {name} in its state_dict")
        shape, expected = tuple(state[name].shape), tuple(dimensions[field] for field in fields)
        if shape != expected:
            raise ValueError(f"{name} has the shape {shape}, not {expected}")
