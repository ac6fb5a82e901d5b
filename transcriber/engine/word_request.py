"""What a model needs to know to time the words of a window.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class WordRequest:
    """A window whose words are to be timed.

    A model takes the window, or what it made of it, whichever it needs.

    Attributes
    ----------
    window : torch.Tensor, shape = (mels, 3000), dtype = float32
        The spectrogram.
    encoded : object
        What the model's `encode` made of it.
    language : str
        Code of the language that is spoken.
    frames : int
        How many frames of the window are of the recording, 100 a second.
    last_speech : float
        End of the last word before the window, in seconds from the beginning of the recording.
    """

    window: torch.Tensor
    encoded: Any
    language: str
    frames: int
    last_speech: float
