"""A recording that was read: its spectrogram, and where somebody speaks in it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from transcriber.engine.interface import Clip

if TYPE_CHECKING:
    from transcriber.engine.features import LogMelSpectrogram

WINDOW = 3000
"""Frames of the longest part that is encoded at once: 30 s."""

_LEAST_FRAMES = 500
"""A part that is shorter says little about the language."""


class HeardRecording:
    """What an engine knows of a recording, in the memory of the processor.

    Parameters
    ----------
    features : LogMelSpectrogram
        Its spectrogram.
    clips : sequence of Clip or None
        The parts in which somebody speaks; None where nobody listened.
    """

    def __init__(self, features: LogMelSpectrogram, clips: Sequence[Clip] | None) -> None:
        self.features = features
        self.clips = clips

    def close(self) -> None:
        """Give the memory and the temporary file back."""
        self.features.close()


def telling_clips(clips: Sequence[Clip], most: int) -> list[int]:
    """Return which clips tell the language: the longest ones of as many stretches of a recording.

    What is said at the beginning alone may be a greeting, or a trailer in another language.

    Parameters
    ----------
    clips : sequence of Clip
        All of the recording.
    most : int
        How many to return at most; one window of each will be encoded.

    Examples
    --------
    >>> telling_clips([(0, 100), (200, 1200), (1500, 6000)], 1)
    [2]
    """
    numbers = [n for n, (start, end) in enumerate(clips) if end - start >= _LEAST_FRAMES]
    numbers = numbers or list(range(len(clips)))
    count = min(most, len(numbers))
    bounds = [len(numbers) * stretch // count for stretch in range(count + 1)] if count else []

    def length(number: int) -> tuple[int, int]:
        start, end = clips[number]
        # Windows that are longer than one are all alike; of equal ones the first.
        return min(WINDOW, end - start), -number

    return [max(numbers[first:end], key=length) for first, end in itertools.pairwise(bounds)]
