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
    from transcriber.engine.request import Network


_STEP = 64
"""Lengths are rounded up to this: 32 positions, which the kernels work on together."""


@dataclass(frozen=True, kw_only=True)
class EncodedWindow:
    """A window, before and behind the encoder.

    Attributes
    ----------
    mel : torch.Tensor, shape = (mels, 3000)
        What went into the encoder.
    encoded : object
        What the model's `encode` made of it.
    whole : bool
        Whether the encoder had all 30 s of it, most of which may be silence.
    """

    mel: torch.Tensor
    encoded: Any
    whole: bool


class WindowEncoder:
    """Encodes the windows of one recording with one model.

    Parameters
    ----------
    model : Network
        The model.
    features : LogMelSpectrogram
        The recording.
    slack : int, optional
        Frames of silence that the encoder is given behind a window; otherwise whatever is missing
        to 30 s, as Whisper was trained.
    """

    def __init__(
        self, model: Network, features: LogMelSpectrogram, slack: int | None = None
    ) -> None:
        self.model = model
        self.features = features
        self._slack = slack
        self._place = (-1, -1)
        self._last: EncodedWindow | None = None

    def encode(self, seek: int, frames: int, *, whole: bool = False) -> EncodedWindow:
        """Return a window, encoded.

        Parameters
        ----------
        seek, frames : int
            Its first frame, and how many it has.
        whole : bool
            Whether the encoder must have all 30 s of it.
        """
        known = self._last
        if known is not None and self._place == (seek, frames) and (known.whole or not whole):
            return known
        # Before the next one is there: it is large.
        self._last = known = None
        mel = self.features.window(seek, frames)
        length = mel.shape[1]
        if self._slack is not None and not whole:
            length = min(length, -(-(frames + self._slack) // _STEP) * _STEP)
        encoded = self.model.encode(mel[:, :length].contiguous())
        window = EncodedWindow(mel=mel, encoded=encoded, whole=length == mel.shape[1])
        self._last, self._place = window, (seek, frames)
        return window
