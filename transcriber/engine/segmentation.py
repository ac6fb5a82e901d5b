"""Cutting the tokens of a window into segments, at the timestamps that the decoder wrote."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.interface import FRAMES_PER_SECOND, Segment

FRAMES_PER_TIMESTAMP = 2
"""The encoder halves the frame rate, and a timestamp token counts positions of its output."""
SECONDS_PER_TIMESTAMP = 0.02


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A window's segments and how far they reach.

    Attributes
    ----------
    segments : list of Segment
        In order of time.
    frames : int
        How many frames of the window are done with.
    complete : bool
        Whether the decoder closed its last segment and heard nothing after it.
    """

    segments: list[Segment]
    frames: int
    complete: bool


def cut(hypothesis: Hypothesis, *, seek: int, frames: int, tokenizer: Any) -> Cut:
    """Cut the tokens of one window into segments.

    Two timestamps in a row close one segment and open the next. What follows the last such pair
    is unfinished: the next window begins there, unless a single timestamp ends the window, which
    says that no speech follows it. Without any pair the whole window is one segment.

    Parameters
    ----------
    hypothesis : Hypothesis
        What the decoder made of the window.
    seek, frames : int
        First frame of the window and how many it has.
    tokenizer : whisper.tokenizer.Tokenizer
        Knows which tokens are timestamps, and the text of the others.

    Returns
    -------
    Cut
        Its segments have times in seconds from the beginning of the recording.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> tokenizer = SimpleNamespace(timestamp_begin=100, eot=50, decode=str)
    >>> said = Hypothesis((100, 7, 150), 0.0, -0.2, 1.1, 0.0)
    >>> found = cut(said, seek=300, frames=200, tokenizer=tokenizer)
    >>> found.segments[0]["start"], found.segments[0]["end"], found.frames, found.complete
    (3.0, 4.0, 200, True)
    """
    tokens = hypothesis.tokens
    first_timestamp: int = tokenizer.timestamp_begin
    is_timestamp = [token >= first_timestamp for token in tokens]
    complete = is_timestamp[-2:] == [False, True]
    offset = seek / FRAMES_PER_SECOND

    def segment(start: float, end: float, part: Sequence[int]) -> Segment:
        return {
            "seek": seek,
            "start": start,
            "end": end,
            "text": tokenizer.decode([token for token in part if token < tokenizer.eot]),
            "tokens": list(part),
            "temperature": hypothesis.temperature,
            "avg_logprob": hypothesis.avg_logprob,
            "compression_ratio": hypothesis.compression_ratio,
            "no_speech_prob": hypothesis.no_speech_prob,
        }

    def seconds(token: int) -> float:
        return (token - first_timestamp) * SECONDS_PER_TIMESTAMP

    pairs = [i for i in range(1, len(tokens)) if is_timestamp[i - 1] and is_timestamp[i]]
    if not pairs:
        last = max((i for i, found in enumerate(is_timestamp) if found), default=None)
        duration = frames / FRAMES_PER_SECOND
        if last is not None and tokens[last] != first_timestamp:
            duration = seconds(tokens[last])
        whole = segment(offset, offset + duration, tokens)
        return Cut(segments=[whole], frames=frames, complete=complete)

    bounds = [0, *pairs, *([len(tokens)] if complete else [])]
    segments = []
    for begin, end in itertools.pairwise(bounds):
        part = tokens[begin:end]
        segments.append(segment(offset + seconds(part[0]), offset + seconds(part[-1]), part))
    if complete:
        return Cut(segments=segments, frames=frames, complete=True)
    done = (tokens[bounds[-1] - 1] - first_timestamp) * FRAMES_PER_TIMESTAMP
    return Cut(segments=segments, frames=done, complete=False)


def within(segments: Sequence[Segment], end: float) -> list[Segment]:
    """Return segments that begin before a time, none of which ends behind it.

    The decoder may write times behind what was spoken, up to the 30 s that it knows.

    Parameters
    ----------
    segments : sequence of Segment
        Those of a window.
    end : float
        Where the window ends, in seconds.

    Examples
    --------
    >>> within([{"start": 0.0, "end": 30.0}, {"start": 30.0, "end": 30.0}], 4.5)
    [{'start': 0.0, 'end': 4.5}]
    """
    return [{**one, "end": min(one["end"], end)} for one in segments if one["start"] < end]


def last_word_end(segments: Sequence[Segment]) -> float | None:
    """Return when the last word ends, or the last segment where no segment has words.

    Returns
    -------
    float or None
        In seconds; None where there is no segment.

    Examples
    --------
    >>> last_word_end([{"end": 2.0, "words": [{"word": " a", "end": 1.5}]}, {"end": 3.0}])
    1.5
    """
    for segment in reversed(segments):
        if words := segment.get("words"):
            return words[-1]["end"]
    return segments[-1]["end"] if segments else None


def clear_empty(segments: Sequence[Segment]) -> None:
    """Empty the segments that last no time or say nothing; they stay, to keep the numbering.

    Parameters
    ----------
    segments : sequence of Segment
        Those of a window; they are changed.

    Examples
    --------
    >>> segments = [{"start": 1.0, "end": 1.0, "text": " a", "tokens": [7]}]
    >>> clear_empty(segments)
    >>> segments
    [{'start': 1.0, 'end': 1.0, 'text': '', 'tokens': [], 'words': []}]
    """
    for segment in segments:
        if segment["start"] == segment["end"] or not segment["text"].strip():
            segment["text"] = ""
            segment["tokens"] = []
            segment["words"] = []
