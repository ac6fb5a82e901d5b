"""The times of words, from the attention that the decoder pays to the sound.

The steps and their constants are those of openai-whisper's ``timing.py``, so that both time words
alike: where attention moves on from one token to the next, by the cheapest way through it, one word
ends and another begins. Then words of improbable lengths are shortened.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from transcriber.engine.dynamic_time_warping import warp
from transcriber.engine.interface import FRAMES_PER_SECOND, Segment, Word

_TOKENS_PER_SECOND = 50
"""Positions of the encoder's output."""
_MEDIAN_WIDTH = 7
_LONGEST_USUAL = 0.7
"""Seconds that the usual word takes at most."""
_SENTENCE_ENDS = ".。!！?？"

Scores = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """A word and when it is said.

    Attributes
    ----------
    word : str
        With the blank before it; empty where it was joined to another.
    tokens : tuple of int
        What it is written with.
    start, end : float
        Seconds from the beginning of the window.
    probability : float
        Mean probability of its tokens.
    """

    word: str
    tokens: tuple[int, ...]
    start: float
    end: float
    probability: float

    @property
    def duration(self) -> float:
        """How long it takes, in seconds."""
        return self.end - self.start


def align(
    tokenizer: Any,
    text: list[int],
    scores: Scores,
    probabilities: NDArray[np.float32],
    *,
    skipped: int,
) -> list[Alignment]:
    """Find when each word of a text is said.

    Parameters
    ----------
    tokenizer : whisper.tokenizer.Tokenizer
        That of the language.
    text : list of int
        The tokens of the text.
    scores : ndarray, shape = (heads, tokens, positions)
        Products of queries and keys of the heads that follow the time, for the tokens before the
        text, the one that says that there are no timestamps, the text and the one that ends it.
    probabilities : ndarray, shape = (len(text),)
        How probable each token of the text is.
    skipped : int
        How many tokens there are before those that have something to do with the sound.
    """
    words, word_tokens = tokenizer.split_to_word_tokens([*text, tokenizer.eot])
    # The end alone is no word.
    if len(words) <= 1:
        return []
    # One head after the other: a large model has hundreds where none are named.
    attention = np.zeros(scores.shape[1:], np.float32)
    for head in scores:
        attention += _smoothed(_standardised(_softmax(head))) / len(scores)
    text_indices, positions = warp(-attention[skipped:-1].astype(np.float64))
    moves = np.concatenate([[True], np.diff(text_indices) != 0])
    times = positions[moves] / _TOKENS_PER_SECOND
    bounds = [0, *itertools.accumulate(len(tokens) for tokens in word_tokens[:-1])]
    return [
        Alignment(
            word=word,
            tokens=tuple(tokens),
            start=float(times[begin]),
            end=float(times[end]),
            probability=float(np.mean(probabilities[begin:end].astype(np.float64))),
        )
        for word, tokens, (begin, end) in zip(
            words[:-1], word_tokens[:-1], itertools.pairwise(bounds), strict=True
        )
    ]


def add_words(
    segments: Sequence[Segment],
    words: Sequence[Alignment],
    *,
    eot: int,
    prepended: str,
    appended: str,
    last_speech: float,
) -> None:
    """Give each segment its words with their times, and tighten its own times to them.

    Parameters
    ----------
    segments : sequence of Segment
        The segments of a window.
    words : sequence of Alignment
        The words of all of them.
    eot : int
        The first token that is no text.
    prepended, appended : str
        Punctuation that belongs to the word after it, and to the word before it.
    last_speech : float
        End of the last word before the window, in seconds.

    Examples
    --------
    >>> segments = [{"seek": 0, "start": 0.0, "end": 1.0, "tokens": [7, 99]}]
    >>> said = [Alignment(word=" Yes", tokens=(7,), start=0.2, end=0.6, probability=0.9)]
    >>> add_words(segments, said, eot=50, prepended="", appended=".", last_speech=0.0)
    >>> segments[0]["words"]
    [{'word': ' Yes', 'start': 0.2, 'end': 0.6, 'probability': 0.9}]
    """
    if not segments:
        return
    durations = [word.duration for word in words if word.duration != 0]
    usual = min(_LONGEST_USUAL, float(np.median(durations)) if durations else 0.0)
    if durations:
        words = _with_short_ends(words, 2 * usual)
    waiting = iter(_with_punctuation(words, prepended, appended))
    offset = segments[0]["seek"] / FRAMES_PER_SECOND
    for segment in segments:
        count = sum(token < eot for token in segment["tokens"])
        taken: list[Word] = []
        used = 0
        while used < count and (word := next(waiting, None)) is not None:
            used += len(word.tokens)
            if word.word:
                taken.append(
                    {
                        "word": word.word,
                        "start": round(offset + word.start, 2),
                        "end": round(offset + word.end, 2),
                        "probability": word.probability,
                    }
                )
        if taken:
            _shorten_after_pause(taken, usual, last_speech)
            _reconcile(segment, taken, usual)
            last_speech = segment["end"]
        segment["words"] = taken


def _softmax(scores: Scores) -> Scores:
    # numpy's exponential rounds otherwise in the native program, which has a build of its own.
    result: Scores = torch.from_numpy(scores).softmax(-1).numpy()
    return result


def _standardised(attention: Scores) -> Scores:
    """Take out what all tokens have in common in a position."""
    mean = attention.mean(axis=0, keepdims=True)
    centred = attention - mean
    # A position that all tokens hear alike says nothing: it becomes NaN as in openai-whisper.
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Scores = centred / np.sqrt(np.square(centred).mean(axis=0, keepdims=True))
    return result


def _smoothed(attention: Scores) -> Scores:
    """Return the median of every position and its neighbours; what is beyond is mirrored."""
    half = _MEDIAN_WIDTH // 2
    if attention.shape[-1] <= half:
        return attention
    padded = np.pad(attention, ((0, 0), (half, half)), mode="reflect")
    windows = sliding_window_view(padded, _MEDIAN_WIDTH, axis=-1)
    result: Scores = np.partition(windows, half, axis=-1)[..., half]
    return result


def _with_short_ends(words: Sequence[Alignment], longest: float) -> list[Alignment]:
    """Shorten the ends of sentences, and what follows them, where they reach into a pause."""
    result = list(words)
    for index in range(1, len(result)):
        word = result[index]
        if word.duration > longest:
            if word.word in _SENTENCE_ENDS:
                result[index] = replace(word, end=word.start + longest)
            elif result[index - 1].word in _SENTENCE_ENDS:
                result[index] = replace(word, start=word.end - longest)
    return result


def _with_punctuation(words: Sequence[Alignment], prepended: str, appended: str) -> list[Alignment]:
    """Join punctuation to the word that it belongs to; what was joined leaves an empty word."""
    result = list(words)
    after = len(result) - 1
    for index in range(len(result) - 2, -1, -1):
        mark, word = result[index], result[after]
        if mark.word.startswith(" ") and mark.word.strip() in prepended:
            result[after] = _joined(mark, word, word)
            result[index] = replace(mark, word="", tokens=())
        else:
            after = index
    before = 0
    for index in range(1, len(result)):
        word, mark = result[before], result[index]
        if not word.word.endswith(" ") and mark.word in appended:
            result[before] = _joined(word, mark, word)
            result[index] = replace(mark, word="", tokens=())
        else:
            before = index
    return result


def _joined(first: Alignment, second: Alignment, timed: Alignment) -> Alignment:
    return replace(timed, word=first.word + second.word, tokens=first.tokens + second.tokens)


def _shorten_after_pause(words: list[Word], usual: float, last_speech: float) -> None:
    """Shorten the first two words of a segment where they began before a pause was over."""
    longest = 2 * usual
    first = words[0]
    second = words[1] if len(words) > 1 else None
    if first["end"] - last_speech <= 4 * usual:
        return
    long = first["end"] - first["start"] > longest
    if not long and (second is None or second["end"] - first["start"] <= 2 * longest):
        return
    if second is not None and second["end"] - second["start"] > longest:
        first["end"] = second["start"] = max(second["end"] / 2, second["end"] - longest)
    first["start"] = max(0, first["end"] - longest)


def _reconcile(segment: Segment, words: list[Word], usual: float) -> None:
    """Let a segment and its words begin and end together; too long a word gives way."""
    first, last = words[0], words[-1]
    if segment["start"] < first["end"] and segment["start"] - 0.5 > first["start"]:
        first["start"] = max(0, min(first["end"] - usual, segment["start"]))
    else:
        segment["start"] = first["start"]
    if segment["end"] > last["start"] and segment["end"] + 0.5 < last["end"]:
        last["end"] = max(last["start"] + usual, segment["end"])
    else:
        segment["end"] = last["end"]
