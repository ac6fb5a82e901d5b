"""Subtitles: when each one stands, and its lines, as the user wants them cut.

openai-whisper's own writer cuts them, or `transcriber.transcript.subtitles` does; what every format
of subtitles has in common is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from transcriber.engine.interface import TimedText
from transcriber.engine.openai_whisper import load_utilities
from transcriber.settings import OutputSettings
from transcriber.transcript.plain_text import one_line
from transcriber.transcript.subtitles import recut, rules_of
from transcriber.transcript.words import as_word

_AMPERSAND, _LESS = "\ufdd0", "\ufdd1"
"""Stand for ``&`` and ``<`` of the text while lines are broken, so that what is escaped is as long
as it looks, and the tags of the writer are told from it. No text has them: see `one_line`."""

_ARROWS = re.compile("-{2,}>")


class ShownCue(NamedTuple):
    """A subtitle: its times in milliseconds, and its lines, none of which is empty."""

    start: int
    end: int
    text: str


def shown_cues(
    segments: Sequence[TimedText],
    output: OutputSettings,
    *,
    ampersand: str = "&",
    less: str = "<",
) -> Iterator[ShownCue]:
    """Yield the subtitles of a transcript.

    Parameters
    ----------
    segments : sequence of TimedText
        What can be shown: see `transcriber.transcript.cues.tidied`.
    output : OutputSettings
        How they are cut, and whether each word is underlined (``<u>``) as it is said.
    ampersand, less : str
        What stands for these two signs of the text.

    Examples
    --------
    >>> [*shown_cues([{"start": 0.0, "end": 1.0, "text": " 1 < 2"}], OutputSettings(), less="&lt;")]
    [ShownCue(start=0, end=1000, text='1 &lt; 2')]
    """
    writer: Any = load_utilities().WriteSRT("")
    # It compares times as it writes them.
    writer.format_timestamp = lambda seconds: round(seconds * 1000)
    rules = rules_of(output)
    shown = [_broken_by_nothing(segment) for segment in segments]
    if rules is not None:
        shown = recut(shown, rules)
    elif any("words" in segment for segment in shown):
        # One whose words were not found is shown as a whole.
        shown = [{**one, "words": one.get("words") or [as_word(one)]} for one in shown]
    cues = writer.iterate_result(
        {"segments": shown},
        highlight_words=output.highlight_words,
        max_line_count=output.max_line_count,
        max_line_width=output.max_line_width,
        max_words_per_line=output.max_words_per_line,
    )
    for start, end, text in cues:
        # A line that is empty would end the subtitle.
        lines = [line for line in text.split("\n") if line.strip()]
        if lines:
            text = _ARROWS.sub("->", "\n".join(lines))  # noqa: PLW2901
            text = text.replace(_AMPERSAND, ampersand).replace(_LESS, less)  # noqa: PLW2901
            yield ShownCue(start, end, text)


def _broken_by_nothing(segment: TimedText) -> TimedText:
    """Return a segment whose text has no break of its own."""
    shown: TimedText = {
        "start": segment["start"],
        "end": segment["end"],
        "text": _stood_in(segment["text"]),
    }
    if "words" in segment:
        shown["words"] = [{**word, "word": _stood_in(word["word"])} for word in segment["words"]]
    return shown


def _stood_in(text: str) -> str:
    return one_line(text).replace("&", _AMPERSAND).replace("<", _LESS)
