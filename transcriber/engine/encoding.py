"""The encoder's output of a window, kept until another window is asked for.

The language is detected from the window that is decoded first, words are timed in the window that
was decoded last, and a loop that stands still decodes the same window again. None of them needs
the encoder to run twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from transcriber.engine.features import LogMelSpectrogram
    from transcriber.engine.loop import Network


@dataclass(frozen=True, kw_only=True)
class EncodedWindow:
    """A window, before and behind the encoder.

    Attributes
    ----------
    mel : torch.Tensor, shape = (mels, 3000)
        What went into the encoder.
    encoded : object
        What the model's `encode` made of it.
    """

    mel: torch.Tensor
    encoded: Any


class WindowEncoder:
    """Encodes the windows of one recording with one model.

    Parameters
    ----------
    model : Network
        The model.
    features : LogMelSpectrogram
        The recording.
    """

    def __init__(self, model: Network, features: LogMelSpectrogram) -> None:
        self._model = model
        self._features = features
        self._place = (-1, -1)
        self._last: EncodedWindow | None = None

    def encode(self, seek: int, frames: int) -> EncodedWindow:
        """Return the window of `frames` frames from the frame `seek` on, encoded."""
        if self._last is None or self._place != (seek, frames):
            # Before the next one is there: it is large.
            self._last = None
            mel = self._features.window(seek, frames)
            self._last = EncodedWindow(mel=mel, encoded=self._model.encode(mel))
            self._place = seek, frames
        return self._last
