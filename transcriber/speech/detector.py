"""How probably somebody speaks, frame by frame of a recording that comes in blocks."""

from __future__ import annotations

import numpy as np

from transcriber.speech.network import CONTEXT, FRAME, Network
from transcriber.speech.weights import Array

_MEMORY = 250
"""Frames that are looked at together, 8 s: after loud music or noise the network's memory is full
of it, and it hears the first second of speech too late. With 2 s it would take music for speech."""

_SILENCE = 0.2
"""Below this probability nobody speaks for certain."""


class SpeechDetector:
    """Listens to one recording.

    Parameters
    ----------
    network : Network
        What has heard nothing yet.

    Examples
    --------
    >>> from transcriber.speech.network import make_network
    >>> from transcriber.speech.weights import read_weights
    >>> detector = SpeechDetector(make_network(read_weights()))
    >>> detector.hear(np.zeros(1000, np.float32))
    >>> detector.probabilities().round() + 0
    array([0., 0.], dtype=float32)
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._pending = np.zeros(CONTEXT, np.float32)
        self._found: list[Array] = []
        self._frames = 0
        self._most = 0.0

    def hear(self, samples: Array) -> None:
        """Take in a block of samples.

        Parameters
        ----------
        samples : array, shape = (any,), dtype float32
            At 16 kHz, from -1 to 1.
        """
        self._pending = np.concatenate([self._pending, samples])
        while frames := min((len(self._pending) - CONTEXT) // FRAME, _MEMORY - self._frames):
            self._listen(frames)

    def _listen(self, frames: int) -> None:
        """Hear frames; forget what was before where nobody has spoken for long."""
        found = self._network.listen(self._pending[: CONTEXT + frames * FRAME])
        self._pending = self._pending[frames * FRAME :]
        self._found.append(found)
        self._frames += frames
        self._most = max(self._most, float(found.max()))
        if self._frames == _MEMORY:
            if self._most < _SILENCE:
                self._network.forget()
            self._frames, self._most = 0, 0.0

    def take(self) -> Array:
        """Return how probably somebody speaks in each whole frame since the last time."""
        found = np.concatenate([np.empty(0, np.float32), *self._found])
        self._found.clear()
        return found

    def probabilities(self) -> Array:
        """Return how probably somebody speaks in each frame; silence fills the last one up.

        Returns
        -------
        array, shape = (frames,), dtype float32
            A frame is 512 samples, which are 32 ms.
        """
        if (missing := -(len(self._pending) - CONTEXT) % FRAME) and len(self._pending) > CONTEXT:
            self.hear(np.zeros(missing, np.float32))
        return np.concatenate([np.empty(0, np.float32), *self._found])
