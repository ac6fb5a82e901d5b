"""CSV by RFC 4180: a row for each segment, for spreadsheets and programs."""

from __future__ import annotations

import csv
import io

from transcriber.exporting.document import Document

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def content(document: Document) -> bytes:
    """Return a table in UTF-8: start, end (seconds, to the millisecond), speaker if known, text.

    A text that a spreadsheet would compute, because it begins with ``=``, ``+``, ``-``, ``@``, a
    tab or a carriage return, has an apostrophe before it, which spreadsheets take for a mark of
    text. Programs that read the table have to take it away.
    """
    has_speakers = any(passage.speaker for passage in document.passages)
    with io.StringIO(newline="") as stream:
        write = csv.writer(stream).writerow
        write(["start", "end", *["speaker"] * has_speakers, "text"])
        for one in document.passages:
            speaker = [_plain(one.speaker)] * has_speakers
            write([f"{one.start:.3f}", f"{one.end:.3f}", *speaker, _plain(one.text.strip())])
        return stream.getvalue().encode()


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
