"""Which words of a piece that is still being spoken are shown: those that will hardly change."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Protocol

from transcriber.engine.interface import Transcript, Word


class Policy(Protocol):
    """Chooses words of what was decoded of one piece again and again."""

    def shown(self, decoded: Transcript, heard: float, *, paused: bool) -> str:
        """Return the text to show.

        Parameters
        ----------
        decoded : Transcript
            What the sound so far was decoded as, with the times of words.
        heard : float
            Seconds of that sound.
        paused : bool
            Whether it ends with silence.
        """

    def begin(self) -> None:
        """Forget the last piece."""


class HoldBack:
    """Shows what was said some time ago: AlignAtt's rule (Papi et al. 2023), behind the decoder.

    A word whose sound reaches to the end of what was heard may be half a word. Whisper's alignment
    heads tell where each word is. AlignAtt itself stops the decoder there.

    Parameters
    ----------
    margin : float
        Seconds at the end of what was heard of which nothing is shown.

    Examples
    --------
    >>> words = [Word(word=" a", start=0.0, end=0.4), Word(word=" b", start=0.4, end=0.9)]
    >>> segment = {"words": words}
    >>> decoded = {"text": " a b", "segments": [segment], "language": "en"}
    >>> HoldBack(0.3).shown(decoded, 1.0, paused=False)
    ' a'
    """

    def __init__(self, margin: float) -> None:
        self._margin = margin

    def shown(self, decoded: Transcript, heard: float, *, paused: bool) -> str:
        """Return what ends before the margin."""
        if paused:
            return decoded["text"]
        last = heard - self._margin
        return _text(takewhile(lambda word: word["end"] <= last, _words(decoded)))

    def begin(self) -> None:
        """Do nothing: nothing is remembered."""


class Agreement:
    """Shows what two decodings in a row have in common (LocalAgreement-2, Liu et al. 2020)."""

    def __init__(self) -> None:
        self._before: list[Word] = []

    def shown(self, decoded: Transcript, heard: float, *, paused: bool) -> str:
        """Return what the last decoding begins with, too."""
        del heard
        words = list(_words(decoded))
        pairs = zip(self._before, words, strict=False)
        same = list(takewhile(lambda pair: pair[0]["word"] == pair[1]["word"], pairs))
        self._before = words
        return decoded["text"] if paused else _text(word for _, word in same)

    def begin(self) -> None:
        """Forget the last decoding."""
        self._before = []


def _words(decoded: Transcript) -> list[Word]:
    return [word for segment in decoded["segments"] for word in segment.get("words", ())]


def _text(words: Iterable[Word]) -> str:
    return "".join(word["word"] for word in words)
