"""Segments and words as readers can show them.

A decoder may write times behind the end of a recording, several words at the same moment, or times
that overlap; openai-whisper writes those into its files. Here each segment and each word has text
and a length, begins when the one before it is over, and ends before the recording does. What is so
already comes back to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from transcriber.engine.interface import Segment, Transcript
from transcriber.transcript.plain_text import is_seen

LEAST = 0.02
"""Seconds that anything lasts: the step of the decoder's times."""

_ROUNDING = 1e-6
"""Sums of seconds are that exact; what is less apart touches."""

Span = tuple[float, float]
"""Start and end, in seconds."""


def apart(spans: Sequence[Span], *, first: float = 0.0, last: float = math.inf) -> list[Span]:
    """Return spans one behind the other, each with a length, between two times.

    Parameters
    ----------
    spans : sequence of Span
        In the order in which they are said.
    first, last : float
        Nothing begins before the first, nor ends behind the last.

    Returns
    -------
    list of Span
        As many as were given, in seconds.

    Examples
    --------
    >>> apart([(0.0, 2.0), (1.5, 1.5), (1.5, 3.0)])
    [(0.0, 1.5), (1.5, 1.52), (1.52, 3.0)]
    """
    if not spans:
        return []
    # Where the room is short, all have the same.
    least = min(LEAST, max(last - first, 0.0) / len(spans))
    starts = [start for start, _ in spans]
    earliest = first
    for index, start in enumerate(starts):
        if not start > earliest - _ROUNDING or start < first:
            starts[index] = round(earliest, 9)
        earliest = starts[index] + least
    latest = last
    for index in range(len(starts) - 1, -1, -1):
        if starts[index] > latest - least + _ROUNDING:
            starts[index] = max(round(latest - least, 9), first)
        latest = starts[index]
    result = []
    for index, (_, end) in enumerate(spans):
        following = starts[index + 1] if index + 1 < len(starts) else last
        if end > following + _ROUNDING:
            end = following  # noqa: PLW2901  the span's own is what it was
        elif not end > starts[index] + least - _ROUNDING:
            end = min(round(starts[index] + least, 9), following)  # noqa: PLW2901
        result.append((starts[index], min(end, last)))
    return result


def tidied(
    segments: Sequence[Segment], *, first: float = 0.0, last: float = math.inf
) -> list[Segment]:
    """Return segments that can be shown, with new numbers.

    Those without text, and those that begin behind the end of the recording, are left out.

    Parameters
    ----------
    segments : sequence of Segment
        As they were decoded; they are left as they are.
    first, last : float
        What was shown ends there, and so does the recording, in seconds.

    Examples
    --------
    >>> tidied([{"start": 0.0, "end": 30.0, "text": " Hi."}], last=3.5)
    [{'start': 0.0, 'end': 3.5, 'text': ' Hi.'}]
    """
    # Clips that were asked for in another order are told in that of time.
    ordered = sorted(segments, key=lambda segment: segment.get("seek", 0))
    kept = [one.copy() for one in ordered if is_seen(one["text"]) and one["start"] < last]
    spans = apart([(one["start"], one["end"]) for one in kept], first=first, last=last)
    for number, (segment, (start, end)) in enumerate(zip(kept, spans, strict=True)):
        segment["start"], segment["end"] = start, end
        if "id" in segment:
            segment["id"] = number
        if "words" in segment:
            segment["words"] = [one.copy() for one in segment["words"] if is_seen(one["word"])]
    words = [word for segment in kept for word in segment.get("words", ())]
    spans = apart([(one["start"], one["end"]) for one in words], first=first, last=last)
    for word, (start, end) in zip(words, spans, strict=True):
        word["start"], word["end"] = start, end
    return kept


def tidied_result(result: Transcript, *, last: float = math.inf) -> Transcript:
    """Return a transcript whose segments can be shown, and its text with what is left of them.

    Parameters
    ----------
    result : Transcript
        As the engine gives it.
    last : float
        Where the recording ends, in seconds.

    Examples
    --------
    >>> said = [{"start": n, "end": n + 1.0, "text": f" {n}."} for n in (0.0, 9.0)]
    >>> tidied_result({"text": " 0.0. 9.0.", "segments": said, "language": "en"}, last=3.5)["text"]
    ' 0.0.'
    """
    segments = tidied(result["segments"], last=last)
    text = result["text"]
    before = [one["text"] for one in result["segments"] if is_seen(one["text"])]
    if (after := [one["text"] for one in segments]) != before:
        text = "".join(after)
    return {**result, "text": text, "segments": segments}
