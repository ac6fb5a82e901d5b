"""LRC: lyrics for music players, a line for each segment, and the times of words if they are asked.

The words' times are those of the "enhanced" format, which players that do not know them leave out.
"""

from __future__ import annotations

import re

from transcriber.exporting.document import Document, Passage

_LIKE_TIMES = re.compile(r"[\[<](?=\s*\d)")

_WORD_JOINER = "\u2060"
"""Is not seen, and keeps a bracket of the text from beginning a time."""


def content(document: Document) -> bytes:
    """Return the lines, with the title and the length of the recording before them."""
    minutes, seconds = divmod(round(document.seconds), 60)
    # A bracket ends the tag.
    title = document.title.replace("[", "(").replace("]", ")")
    lines = [f"[ti:{title}]", f"[length:{minutes:02}:{seconds:02}]"]
    words = document.output.highlight_words
    for passage in document.passages:
        text = _timed(passage) if words and passage.words else _plain(passage.text.strip())
        lines.append(f"[{_time(passage.start)}]{text}")
    return "".join(f"{line}\n" for line in lines).encode()


def _timed(passage: Passage) -> str:
    """Return the words, each behind its time, and the end of the last one."""
    words = [(f"<{_time(one['start'])}>", _plain(one["word"])) for one in passage.words]
    # The blank before a word stands behind the one before it.
    parts = [word[: len(word) - len(word.lstrip())] + time + word.lstrip() for time, word in words]
    return f"{''.join(parts).strip()}<{_time(passage.words[-1]['end'])}>"


def _plain(text: str) -> str:
    return _LIKE_TIMES.sub(rf"\g<0>{_WORD_JOINER}", text)


def _time(seconds: float) -> str:
    """Return ``mm:ss.xx``; the format has no hours."""
    minutes, rest = divmod(round(100 * seconds), 6000)
    return f"{minutes:02}:{rest // 100:02}.{rest % 100:02}"
