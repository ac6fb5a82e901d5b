"""Markdown (CommonMark, as GitHub and others show it): a title, and paragraphs with their times."""

from __future__ import annotations

import re

from transcriber.exporting.document import Document
from transcriber.exporting.paragraphs import Paragraph, paragraphs
from transcriber.times import clock

_SIGNS = re.compile(r"[\\`*_\[\]<>~$]|&(?=#?\w+;)")
"""What means something within a line, in CommonMark or as GitHub has it (``~``, ``$``)."""


def content(document: Document) -> bytes:
    """Return a title and paragraphs, each with its time, which is an anchor and a link to it."""
    # Behind a blank at the end, they would be a part of the heading's own.
    title = _plain(document.title).replace("#", r"\#")
    parts = [f"# {title}"]
    parts += [_shown(*one) for one in enumerate(paragraphs(document.passages), start=1)]
    return ("\n\n".join(parts) + "\n").encode()


def _shown(number: int, paragraph: Paragraph) -> str:
    # A paragraph that begins so is no list and no heading, whatever its text begins with.
    time = f'<a id="p{number}" href="#p{number}">{clock(paragraph.start)}</a>'
    speaker = f"**{_plain(paragraph.speaker)}:** " if paragraph.speaker else ""
    return f"{time} {speaker}{_plain(paragraph.text)}"


def _plain(text: str) -> str:
    return _SIGNS.sub(r"\\\g<0>", text)
