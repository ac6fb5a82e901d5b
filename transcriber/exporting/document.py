"""A transcript as all formats take it: every text on one line, and of characters that exist."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from transcriber.engine.interface import TimedText, Transcript, Word
from transcriber.settings import OutputSettings
from transcriber.transcript.plain_text import is_seen, one_line

_SURROGATES = re.compile("[\ud800-\udfff]")

_UNTITLED = "Transcript"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A segment that is ready to be written.

    Attributes
    ----------
    start, end : float
        Seconds from the beginning of the recording.
    text : str
        Clean, with the blank before it if there is one.
    words : tuple of Word
        Clean, too; none where their times are not known.
    speaker : str
        Who speaks; empty where that is not known.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    speaker: str = ""

    def timed(self) -> TimedText:
        """Return it in the form that subtitles are cut from."""
        timed: TimedText = {"start": self.start, "end": self.end, "text": self.text}
        if self.words:
            timed["words"] = [*self.words]
        return timed


@dataclass(frozen=True, kw_only=True)
class Document:
    """A transcript that is ready to be written.

    Attributes
    ----------
    title : str
        Clean, and never empty.
    language : str
        Code of the text's language, as BCP 47 has it.
    passages : tuple of Passage
        In the order in which they are said.
    seconds : float
        Length of the recording, or of what is said in it where that is not known.
    output : OutputSettings
        How subtitles are cut, and whether words are timed by themselves.
    """

    title: str
    language: str
    passages: tuple[Passage, ...]
    seconds: float
    output: OutputSettings


def clean(text: str) -> str:
    r"""Return a text on one line, without controls and tabs, that any encoding of Unicode takes.

    Examples
    --------
    >>> clean("one\n two\x07\tthree")
    'one two three'
    """
    return _SURROGATES.sub("\ufffd", one_line(text).replace("\t", " "))


def is_right_to_left(text: str) -> bool:
    r"""Whether a text is written from the right, by its first letter that has a direction.

    That is rule P2 of the Unicode Bidirectional Algorithm (UAX #9), and ``dir="auto"`` of HTML.

    Examples
    --------
    >>> is_right_to_left("1. \u05e9\u05dc\u05d5\u05dd"), is_right_to_left("1. Hi")
    (True, False)
    """
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def document_of(
    shown: Transcript, *, title: str, last: float, output: OutputSettings, language: str | None
) -> Document:
    """Return a transcript as all formats take it.

    Parameters
    ----------
    shown, title, last, output, language
        As for `transcriber.exporting.formats.exported`.
    """
    passages = tuple(map(_passage, shown["segments"]))
    said = passages[-1].end if passages else 0.0
    code = shown["language"] if language is None else language
    return Document(
        title=clean(title).strip() if is_seen(title) else _UNTITLED,
        # Whisper calls Javanese by a code that is withdrawn; "und" is that of no known language.
        language={"jw": "jv"}.get(code, code) or "und",
        passages=passages,
        seconds=last if math.isfinite(last) else said,
        output=output,
    )


def _passage(segment: TimedText) -> Passage:
    speaker = cast("Mapping[str, Any]", segment).get("speaker") or ""
    words: Sequence[Word] = segment.get("words", ())
    return Passage(
        start=segment["start"],
        end=segment["end"],
        text=clean(segment["text"]),
        words=tuple({**word, "word": clean(word["word"])} for word in words),
        speaker=clean(str(speaker)).strip(),
    )
