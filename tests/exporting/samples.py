"""Transcripts that are written in every format."""

from __future__ import annotations

from typing import Any

HOSTILE = (
    " <b>&amp;</b> & \"quotes\", 'apostrophes' ]]> <!-- -->",
    " {\\an8}\\N\\h\\{ }\\",
    " [00:01.00]<00:02.00>[ti:no]",
    "=1+1",
    " a,\"b\"\t'c';",
    " a\r\nb\u2028c\x85d",
    " \x00\x07\x1b[31m\ufeff\uffff\ufdd0!",
    " half \ud83d and \udce9",
    " *a* _b_ `c` [d](e) # ~~f~~ $g$ \\h | <i>",
    " \u05e9\u05dc\u05d5\u05dd, \u202eabc\u202c 123.",
    " 日本語。",
    " e\u0301 \U0001f468\u200d\U0001f469 \U0010ffff",
    " --> a --> b",
)
"""What means something in a format, or cannot be written in it."""


def said(*texts: str, words: bool = False, step: float = 1.0) -> Any:
    """Return a transcript of some texts, each a second long, one every `step` seconds."""
    segments: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        start = number * step
        segment: dict[str, Any] = {"start": start, "end": start + 1.0, "text": text}
        if words:
            parts = text.split()
            length = 1.0 / len(parts)
            segment["words"] = [
                {"word": f" {part}", "start": start + n * length, "end": start + (n + 1) * length}
                for n, part in enumerate(parts)
            ]
        segments.append(segment)
    return {"text": "".join(texts), "segments": segments, "language": "de"}
