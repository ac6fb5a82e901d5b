"""The words of a transcript with their times, and which of them are written as one."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transcriber.transcript.plain_text import is_seen


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word, with the blank before it if there is one, and its times in seconds."""

    text: str
    start: float
    end: float


def words_of(segments: Sequence[Mapping[str, Any]]) -> list[Word]:
    """Return the words of a transcript, whose times rise and never overlap.

    Where several words have times together, these are shared out evenly.
    """
    found: list[Word] = []
    apart = False
    for segment in segments:
        # Segments are sentences or parts of them: their words do not grow together.
        begins = bool(found)
        for one in segment.get("words") or [{**segment, "word": segment["text"]}]:
            parts = [part for part in one["word"].split() if is_seen(part)]
            apart = apart or one["word"][:1].isspace()
            if begins and parts:
                apart, begins = apart or _stick(found[-1].text, parts[0]), False
            step = (one["end"] - one["start"]) / max(len(parts), 1)
            for number, part in enumerate(parts, 1):
                start = one["start"] + step * (number - 1)
                end = one["end"] if number == len(parts) else start + step
                found.append(Word(text=" " * apart + part, start=start, end=end))
                apart = True
            apart = one["word"][-1:].isspace() or (apart and not parts)
    return _in_order(found)


def units_of(words: Sequence[Word]) -> list[Word]:
    """Return the words, with those in one that no line may end between."""
    units: list[Word] = []
    for word in words:
        if units and _stick(units[-1].text, word.text):
            text = units[-1].text + word.text
            units[-1] = Word(text=text, start=units[-1].start, end=word.end)
        else:
            units.append(word)
    return units


def _in_order(words: Sequence[Word]) -> list[Word]:
    """Let no word begin before the one before it, nor end after the next one's beginning."""
    starts = [0.0]
    for word in words:
        starts.append(max(word.start, starts[-1]))
    starts.append(math.inf)
    return [
        Word(text=word.text, start=start, end=min(max(word.end, start), limit))
        for word, start, limit in zip(words, starts[1:-1], starts[2:], strict=True)
    ]


def _stick(before: str, after: str) -> bool:
    """Whether two words are written without a blank, and no line may end between them."""
    if after[0].isspace():
        return False
    # Chinese, Japanese, Thai and others write no blanks at all.
    latin = before[-1] < "\u0250" and after[0] < "\u0250"
    return latin or _opens(before[-1]) or not (after[0].isalnum() or _opens(after[0]))


def _opens(sign: str) -> bool:
    """Whether a sign belongs to what follows it, as an opening bracket does."""
    return unicodedata.category(sign) in ("Ps", "Pi")
