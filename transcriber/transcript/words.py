"""The words of a transcript with their times, and which of them are written as one."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.engine.interface import TimedText, Word
from transcriber.transcript.plain_text import is_seen


@dataclass(frozen=True, kw_only=True)
class ShownWord:
    """A word, with the blank before it if there is one, and its times in seconds."""

    text: str
    start: float
    end: float


def words_of(segments: Sequence[TimedText]) -> list[ShownWord]:
    """Return the words of a transcript, whose times rise and never overlap.

    Where several words have times together, these are shared out evenly.

    Parameters
    ----------
    segments : sequence of TimedText
        In order. One without words is taken as one word, and what is in it is parted at blanks.

    Examples
    --------
    >>> words_of([{"start": 1.0, "end": 2.0, "text": " Good day."}])
    [ShownWord(text=' Good', start=1.0, end=1.5), ShownWord(text=' day.', start=1.5, end=2.0)]
    """
    found: list[ShownWord] = []
    apart = False
    for segment in segments:
        # Segments are sentences or parts of them: their words do not grow together.
        begins = bool(found)
        for one in segment.get("words") or [as_word(segment)]:
            parts = [part for part in one["word"].split() if is_seen(part)]
            apart = apart or one["word"][:1].isspace()
            if begins and parts:
                apart, begins = apart or _stick(found[-1].text, parts[0]), False
            step = (one["end"] - one["start"]) / max(len(parts), 1)
            for number, part in enumerate(parts, 1):
                start = one["start"] + step * (number - 1)
                end = one["end"] if number == len(parts) else start + step
                found.append(ShownWord(text=" " * apart + part, start=start, end=end))
                apart = True
            apart = one["word"][-1:].isspace() or (apart and not parts)
    return _in_order(found)


def as_word(segment: TimedText) -> Word:
    """Return a segment whose words were not found as one word, which has no probability.

    Examples
    --------
    >>> as_word({"start": 1.0, "end": 2.0, "text": " Good day."})
    {'word': ' Good day.', 'start': 1.0, 'end': 2.0}
    """
    return {"word": segment["text"], "start": segment["start"], "end": segment["end"]}


def units_of(words: Sequence[ShownWord]) -> list[ShownWord]:
    """Return the words, with those in one that no line may end between.

    Parameters
    ----------
    words : sequence of ShownWord
        As `words_of` returns them.

    Examples
    --------
    >>> units_of([ShownWord(text=text, start=1.0, end=1.5) for text in (" (", "yes")])
    [ShownWord(text=' (yes', start=1.0, end=1.5)]
    """
    units: list[ShownWord] = []
    for word in words:
        if units and _stick(units[-1].text, word.text):
            text = units[-1].text + word.text
            units[-1] = ShownWord(text=text, start=units[-1].start, end=word.end)
        else:
            units.append(word)
    return units


def _in_order(words: Sequence[ShownWord]) -> list[ShownWord]:
    """Let no word begin before the one before it, nor end after the next one's beginning."""
    starts = [0.0]
    for word in words:
        starts.append(max(word.start, starts[-1]))
    starts.append(math.inf)
    return [
        ShownWord(text=word.text, start=start, end=min(max(word.end, start), limit))
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
