"""Recognising words that nobody said, and finding where to go on instead.

In silence Whisper sometimes invents a sentence. Its words give it away: they are improbable and
last too short or too long. The rules and their constants are openai-whisper's, for its option
``--hallucination_silence_threshold``, so that both leave out the same segments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.engine.interface import FRAMES_PER_SECOND, Segment
from transcriber.engine.segmentation import last_word_end
from transcriber.settings import APPEND_PUNCTUATIONS, PREPEND_PUNCTUATIONS

_PUNCTUATION = PREPEND_PUNCTUATIONS + APPEND_PUNCTUATIONS


@dataclass(frozen=True, kw_only=True)
class Window:
    """Where a window lies, in frames, and the recording that it belongs to."""

    seek: int
    frames: int
    span: int
    content_frames: int

    @property
    def start(self) -> float:
        """Its beginning, in seconds."""
        return self.seek / FRAMES_PER_SECOND

    @property
    def end(self) -> float:
        """The end of the 30 s that begin there, which may be past the recording."""
        return (self.seek + self.span) / FRAMES_PER_SECOND


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What to keep of a window.

    Attributes
    ----------
    seek : int
        Frame to go on with.
    keep : int or None
        How many segments to keep; None discards the window as if it had not been decoded.
    """

    seek: int
    keep: int | None


def judge(
    segments: Sequence[Segment],
    window: Window,
    *,
    seek: int,
    complete: bool,
    threshold: float,
    last_speech: float,
) -> Verdict:
    """Decide which segments of a window are real.

    Parameters
    ----------
    segments : sequence of Segment
        The window's segments, with words.
    window : Window
        Where it lies.
    seek : int
        Where the loop would go on without this check.
    complete : bool
        Whether the decoder closed its last segment.
    threshold : float
        Seconds of silence around a segment that make it suspicious.
    last_speech : float
        End of the last word before the window, in seconds.

    Examples
    --------
    >>> window = Window(seek=0, frames=3000, span=3000, content_frames=6000)
    >>> judge([], window, seek=3000, complete=True, threshold=2.0, last_speech=0.0)
    Verdict(seek=3000, keep=0)
    """
    if not complete:
        end = last_word_end(segments)
        if end is not None and end > window.start:
            rest = window.end - end
            seek = round(end * FRAMES_PER_SECOND) if rest > threshold else _after(window)

    first = _next_with_words(segments)
    if first is not None and _is_anomalous(first):
        gap = first["start"] - window.start
        if gap > threshold:
            return Verdict(seek=window.seek + round(gap * FRAMES_PER_SECOND), keep=None)

    previous_end = last_speech
    for index, segment in enumerate(segments):
        if not segment["words"]:
            continue
        if _is_anomalous(segment):
            following = _next_with_words(segments[index + 1 :])
            if _silence_around(segment, following, window, threshold, previous_end):
                seek = round(max(window.start + 1, segment["start"]) * FRAMES_PER_SECOND)
                if window.content_frames / FRAMES_PER_SECOND - segment["end"] < threshold:
                    seek = window.content_frames
                return Verdict(seek=seek, keep=index)
        previous_end = segment["end"]
    return Verdict(seek=seek, keep=len(segments))


def _after(window: Window) -> int:
    return window.seek + window.frames


def _silence_around(
    segment: Segment,
    following: Segment | None,
    window: Window,
    threshold: float,
    previous_end: float,
) -> bool:
    if following is not None:
        next_start = following["words"][0]["start"]
    else:
        next_start = window.start + window.frames / FRAMES_PER_SECOND
    before = (
        segment["start"] - previous_end > threshold
        or segment["start"] < threshold
        or segment["start"] - window.start < 2.0
    )
    after = (
        next_start - segment["end"] > threshold
        or (following is not None and _is_anomalous(following))
        or window.end - segment["end"] < 2.0
    )
    return before and after


def _next_with_words(segments: Sequence[Segment]) -> Segment | None:
    return next((segment for segment in segments if segment["words"]), None)


def _is_anomalous(segment: Segment) -> bool:
    words = [word for word in segment["words"] if word["word"] not in _PUNCTUATION][:8]
    score = sum(
        _word_anomaly(word["end"] - word["start"], word.get("probability", 0.0)) for word in words
    )
    return score >= 3 or score + 0.01 >= len(words)


def _word_anomaly(duration: float, probability: float) -> float:
    score = 1.0 if probability < 0.15 else 0.0
    if duration < 0.133:
        score += (0.133 - duration) * 15
    if duration > 2.0:
        score += duration - 2.0
    return score
