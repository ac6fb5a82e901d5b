"""Bringing sound that comes in blocks to the rate at which speech is heard."""

from __future__ import annotations

import math

import numpy as np

from transcriber.speech.weights import Array

RATE = 16000
"""Samples of a second that the detector hears."""

_REACH = 24
"""Samples on both sides that a new one is made of: the upper tenth of the band is damped."""

_PASSED = 0.92
"""Of the band that both rates share."""


class Resampler:
    """Brings one sound to `RATE`.

    It is late by `_REACH` samples, 1 to 3 ms, so that each block can be answered at once.

    Parameters
    ----------
    rate : int
        Samples per second of the sound: 8,000, 24,000, or another multiple of 8,000.

    Examples
    --------
    >>> resampler = Resampler(24000)
    >>> [len(resampler.resampled(np.zeros(count, np.float32))) for count in (768, 2, 1)]
    [512, 0, 2]
    """

    def __init__(self, rate: int) -> None:
        shared = math.gcd(rate, RATE)
        # So many samples become so many.
        self._step, made = rate // shared, RATE // shared
        width = 2 * _REACH + self._step
        # Where a sample of the window lies, seen from each of those that are made of it.
        places = np.arange(width)[:, None] - _REACH - np.arange(made) * (rate / RATE)
        cut = _PASSED * min(1.0, RATE / rate)
        hann = np.where(abs(places) < _REACH, 0.5 + 0.5 * np.cos(np.pi * places / _REACH), 0)
        filters = np.sinc(cut * places) * hann
        self._filters = (filters / filters.sum(axis=0)).astype(np.float32)
        self._pending = np.zeros(2 * _REACH, np.float32)

    def resampled(self, samples: Array) -> Array:
        """Return what a block becomes, as far as whole steps have come.

        Parameters
        ----------
        samples : array, shape = (any,), dtype float32
        """
        self._pending = np.concatenate([self._pending, samples])
        steps = (len(self._pending) - 2 * _REACH) // self._step
        if not steps:
            return np.empty(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._pending, len(self._filters))
        made: Array = windows[:: self._step][:steps] @ self._filters
        self._pending = self._pending[steps * self._step :]
        return made.reshape(-1)
