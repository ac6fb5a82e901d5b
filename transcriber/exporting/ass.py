r"""Advanced SubStation Alpha (v4+): subtitles with a style, and karaoke if it is asked for.

The text is escaped as libass reads it, which mpv, VLC, Kodi, ffmpeg and browsers' players use:
``\{`` and ``\}`` are braces, and a word joiner, which is not seen, keeps a backslash from
meaning anything.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Sequence

from transcriber.exporting.document import Document, is_right_to_left
from transcriber.transcript.shown_cues import ShownCue, shown_cues
from transcriber.transcript.words import ShownWord, words_of

_HEADER = """\
[Script Info]
Title: {title}
ScriptType: v4.00+
WrapStyle: 0
ScaledBorderAndShadow: yes
YCbCr Matrix: None
PlayResX: 1920
PlayResY: 1080

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,64,&H00FFFFFF,&H00A0A0A0,&H00000000,&H80000000,\
0,0,0,0,100,100,0,0,1,3,1,2,120,120,60,{encoding}

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""White letters with a dark edge, in the middle below; words that are not yet sung are grey."""

_LEFT, _EITHER = 1, -1
"""Encodings of a style. Only with the second does libass take a line's direction from its text;
others are not sure to know it."""

_ESCAPES = str.maketrans({"\\": "\\\N{WORD JOINER}", "{": "\\{", "}": "\\}", "\n": "\\N"})


def content(document: Document) -> bytes:
    """Return the subtitles, cut as those of SRT are."""
    output = document.output
    segments = [passage.timed() for passage in document.passages]
    # Nothing is underlined: words have tags of their own.
    cues = list(shown_cues(segments, dataclasses.replace(output, highlight_words=False)))
    timed = [one for one in segments if "words" in one] if output.highlight_words else []
    words = deque(words_of(timed))
    lines = []
    for cue in cues:
        sung = []
        while words and round(1000 * words[0].start) < cue.end:
            sung.append(words.popleft())
        start = _hundredths(cue.start)
        # What has no length is not shown.
        end = max(_hundredths(cue.end), start + 1)
        text = _karaoke(cue, sung, end) if sung else _escaped(cue.text)
        lines.append(f"Dialogue: 0,{_time(start)},{_time(end)},Default,,0,0,0,,{text}\n")
    from_the_right = any(is_right_to_left(passage.text) for passage in document.passages)
    header = _HEADER.format(title=document.title, encoding=_EITHER if from_the_right else _LEFT)
    return (header + "".join(lines)).encode()


def _karaoke(cue: ShownCue, words: Sequence[ShownWord], end: int) -> str:
    r"""Return a subtitle's text with ``\k`` tags: how long each word is the last one sung."""
    parts: list[tuple[int, str]] = []
    begin, place = _hundredths(cue.start), 0
    for word in words:
        said = word.text.strip()
        found = cue.text.find(said, place)
        if found < 0:
            # Something of it was rewritten, such as an arrow.
            continue
        since = max(round(100 * word.start), begin)
        # What lies between two words, blanks or a break, belongs to the one before.
        before = cue.text[place:found]
        if parts:
            parts[-1] = (parts[-1][0], parts[-1][1] + before)
        elif before:
            parts.append((begin, before))
        parts.append((since, said))
        place = found + len(said)
    if not parts:
        return _escaped(cue.text)
    parts[-1] = (parts[-1][0], parts[-1][1] + cue.text[place:])
    bounds = [*(since for since, _ in parts), end]
    return "".join(
        f"{{\\k{max(following - since, 0)}}}{_escaped(text)}"
        for (since, text), following in zip(parts, bounds[1:], strict=True)
    )


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _hundredths(milliseconds: int) -> int:
    return round(milliseconds / 10)


def _time(hundredths: int) -> str:
    seconds, rest = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{rest:02}"
