"""Whether a window can hold speech at all, by its energy."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_EDGE = 3
"""Frames that hear what is beside the window, or where it was cut off."""

_LEAST = 100
"""Frames of the shortest window that is called steady: a vowel may last as long."""

_STEADY = 0.6
"""Powers of ten by which a steady sound, as the mean of its bands, changes from frame to frame.
Noise, hum and tones keep within 0.5; what is said in a second changes by 2 and more."""

_EQUAL = 0.01
"""The same for silence in every band. What is 80 dB below the loudest sound of a recording is
silence to Whisper, too."""


_ROUNDING = -7.5
"""Power of ten of what rounding to 16 bits adds, as noise or as dither; its loudest band stays
below. The softest voice that such samples can hold is above."""


class Stillness(Enum):
    """What the energy of a window tells."""

    SILENT = "nothing that the network could hear"
    STEADY = "a sound that does not change, such as hiss"
    LIVELY = "anything else"


def stillness(mel: torch.Tensor, frames: int) -> Stillness:
    """Return what the energy of a window tells.

    Parameters
    ----------
    mel : torch.Tensor, shape = (mels, 3000)
        Its log-mel spectrogram, as the encoder takes it: powers of ten over 4, plus 1.
    frames : int
        How many of its frames are of the recording.

    Examples
    --------
    >>> import torch
    >>> stillness(torch.zeros(80, 3000), 3000).name
    'SILENT'
    """
    inner = mel[:, :frames]
    if frames > 2 * _EDGE:
        inner = inner[:, _EDGE:-_EDGE]
    # The encoder's scale is a quarter of powers of ten, and its 0 is the fourth below 1.
    loudest, softest = 4.0 * float(inner.max()), 4.0 * float(inner.min())
    if loudest - softest < _EQUAL or loudest - 4.0 < _ROUNDING:
        return Stillness.SILENT
    level = inner.mean(dim=0)
    if frames >= _LEAST and 4.0 * float(level.max() - level.min()) < _STEADY:
        return Stillness.STEADY
    return Stillness.LIVELY
