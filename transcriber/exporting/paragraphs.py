"""Paragraphs: what is said until somebody pauses, another speaks, or it is long enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transcriber.exporting.document import Passage
from transcriber.transcript.best_cuts import CLOSING, SENTENCE_ENDS

_PAUSE = 2.0
"""Seconds of silence that end a paragraph."""

_LONG = 600
"""Characters from which on a paragraph ends with a sentence: about a hundred words."""

_LONGEST = 3 * _LONG
"""Characters from which on it ends anywhere: some models write no full stops."""


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Some passages in a row, of one speaker.

    Attributes
    ----------
    start : float
        Seconds from the beginning of the recording.
    text : str
        Without blanks around it.
    speaker : str
        Who speaks; empty where that is not known.
    """

    start: float
    text: str
    speaker: str = ""


def paragraphs(passages: Sequence[Passage]) -> Iterator[Paragraph]:
    """Yield the paragraphs of a transcript.

    Parameters
    ----------
    passages : sequence of Passage
        In the order in which they are said. None is divided.

    Examples
    --------
    >>> times = ((0.0, 1.0), (1.5, 2.0), (4.0, 5.0))
    >>> said = [Passage(start=a, end=b, text=f" From {a}.") for a, b in times]
    >>> [one.text for one in paragraphs(said)]
    ['From 0.0. From 1.5.', 'From 4.0.']
    """
    text, first, last = "", None, None
    for passage in passages:
        if first and last and _ends(text, last, passage):
            yield Paragraph(start=first.start, text=text.strip(), speaker=first.speaker)
            text, first = "", None
        first, last = first or passage, passage
        text += _gap(text, passage.text) + passage.text
    if first:
        yield Paragraph(start=first.start, text=text.strip(), speaker=first.speaker)


def _ends(text: str, last: Passage, following: Passage) -> bool:
    """Whether a paragraph ends before a passage, with the text that it has so far."""
    if following.speaker != last.speaker or following.start - last.end >= _PAUSE:
        return True
    length = len(text.strip())
    is_sentence = text.rstrip().rstrip(CLOSING).endswith(SENTENCE_ENDS)
    return length >= _LONGEST or (length >= _LONG and is_sentence)


def _gap(text: str, following: str) -> str:
    """Return a blank where two passages would be read as one word."""
    if not text or text[-1].isspace() or following[0].isspace():
        return ""
    # Chinese, Japanese, Thai and others write no blanks.
    return " " if text[-1] < "\u0250" and following[0] < "\u0250" else ""
