"""From probabilities of speech to where somebody speaks, as faster-whisper's options have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.speech.network import FRAME

_HYSTERESIS = 0.15
"""How far below the threshold what has begun may fall without being silence."""

_LEAST = 0.01

_FRAMES_OF_A_WORD = 5
_FEW_FRAMES = 3
_CERTAIN = 0.9
"""A word has so many frames, or few that are certain. In 5 of 330 recordings of noise single frames
were taken for speech, up to 4 in a row; the shortest of 113 spans of real speech has 15."""

SAMPLES_PER_MS = 16


@dataclass(frozen=True, kw_only=True)
class SpeechSettings:
    """When somebody speaks.

    Attributes
    ----------
    threshold : float
        Speech begins where its probability reaches this.
    min_silence_ms : int
        A pause that is shorter is a part of the speech.
    pad_ms : int
        What is heard before and behind it, where nobody else speaks there.
    """

    threshold: float = 0.5
    min_silence_ms: int = 2000
    pad_ms: int = 400


@dataclass(frozen=True, kw_only=True)
class Span:
    """A part of a recording: its first sample, and the one behind its last."""

    start: int
    end: int

    def within(self, other: Span) -> Span | None:
        """Return what `other` has of it; None where that is nothing."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start=start, end=end) if start < end else None


def find_speech(
    probabilities: Sequence[float], samples: int, settings: SpeechSettings
) -> list[Span]:
    """Return where somebody speaks.

    Parameters
    ----------
    probabilities : sequence of float
        Of each frame, which has `FRAME` samples.
    samples : int
        Length of the recording, whose last frame may not be whole.
    settings : SpeechSettings
        When it is speech.

    Returns
    -------
    list of Span
        In samples at 16 kHz, in order; they do not overlap.

    Examples
    --------
    >>> find_speech([0.9] * 10, 10 * FRAME, SpeechSettings())
    [Span(start=0, end=5120)]
    """
    bare = _bare_spans(probabilities, samples, settings)
    return _padded(bare, samples, settings.pad_ms * SAMPLES_PER_MS)


def _bare_spans(
    probabilities: Sequence[float], samples: int, settings: SpeechSettings
) -> list[Span]:
    low = silence_below(settings.threshold)
    patience = settings.min_silence_ms * SAMPLES_PER_MS
    found: list[Span] = []
    begin: int | None = None
    pause: int | None = None
    voiced: list[float] = []
    for number, probability in enumerate(probabilities):
        place = number * FRAME
        if probability >= settings.threshold:
            pause = None
            voiced.append(probability)
            if begin is None:
                begin = place
        elif begin is not None and probability < low:
            if pause is None:
                pause = place
            if place - pause >= patience:
                if is_speech(voiced):
                    found.append(Span(start=begin, end=pause))
                begin = pause = None
                voiced = []
    if begin is not None and is_speech(voiced):
        found.append(Span(start=begin, end=samples))
    return found


def silence_below(threshold: float) -> float:
    """Return the probability below which what has begun is silent.

    Examples
    --------
    >>> round(silence_below(0.5), 2)
    0.35
    """
    return max(threshold - _HYSTERESIS, _LEAST)


def is_speech(voiced: Sequence[float]) -> bool:
    """Tell a word from a step or a snore, given the probabilities that reach the threshold.

    Examples
    --------
    >>> is_speech([0.95, 0.6]), is_speech([0.95, 0.6, 0.6])
    (False, True)
    """
    least = _FEW_FRAMES if max(voiced) >= _CERTAIN else _FRAMES_OF_A_WORD
    return len(voiced) >= least


def _padded(spans: list[Span], samples: int, pad: int) -> list[Span]:
    """Widen spans; neighbours share what lies between them where that is too short."""
    found = []
    for number, span in enumerate(spans):
        before = spans[number - 1].end if number else -pad
        behind = spans[number + 1].start if number + 1 < len(spans) else samples + pad
        first = min(pad, (span.start - before) // 2)
        last = min(pad, (behind - span.end) // 2)
        found.append(Span(start=max(0, span.start - first), end=min(samples, span.end + last)))
    return found
