"""Which dimensions openai-whisper can compute: its constructor takes more than its code."""

from __future__ import annotations

from collections.abc import Mapping

_MELS = (80, 128)
"""Those that it has filters for."""

_AUDIO_CONTEXT = 1500
"""Encoded frames of a window, which has always 30 seconds."""


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
    """
    for part in ("audio", "text"):
        state, heads = dimensions[f"n_{part}_state"], dimensions[f"n_{part}_head"]
        if state % heads:
            raise ValueError(f"{heads} heads cannot share a width of {state}")
    if dimensions["n_mels"] not in _MELS:
        raise ValueError(f"its n_mels is {dimensions['n_mels']}, not 80 or 128")
    if dimensions["n_audio_ctx"] != _AUDIO_CONTEXT:
        raise ValueError(f"its n_audio_ctx is {dimensions['n_audio_ctx']}, not {_AUDIO_CONTEXT}")
