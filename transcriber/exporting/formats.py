"""Every format that a transcript can have, and a transcript in it."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from transcriber.engine.interface import Transcript
from transcriber.exporting.document import document_of
from transcriber.settings import OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.cues import tidied_result
from transcriber.transcript.writers import rendered


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format of transcripts.

    Attributes
    ----------
    media_type : str
        What HTTP calls it, with the encoding if it is text.
    ending : str
        Of its files, without the dot.
    help : str
        A line that says what it is for.
    """

    media_type: str
    ending: str
    help: str


def _format(ending: str, media_type: str, line: str) -> Format:
    encoding = "; charset=utf-8" if media_type.startswith("text/") else ""
    return Format(media_type=media_type + encoding, ending=ending, help=line)


_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

FORMATS: Mapping[str, Format] = {
    one.ending: one
    for one in (
        _format("txt", "text/plain", "plain text, a line for each segment"),
        _format("vtt", "text/vtt", "subtitles for web pages (WebVTT)"),
        _format("srt", "application/x-subrip", "subtitles for any player (SubRip)"),
        _format("tsv", "text/tab-separated-values", "a table with tabs, times in milliseconds"),
        _format("json", "application/json", "everything that is known, for programs"),
        _format("ass", "text/x-ssa", "subtitles with a style (Advanced SubStation)"),
        _format("lrc", "text/plain", "lyrics for music players"),
        _format("docx", _WORD, "a document for Word and LibreOffice"),
        _format("html", "text/html", "a page to read and to print"),
        _format("md", "text/markdown", "paragraphs for notes and wikis (Markdown)"),
        _format("csv", "text/csv", "a table for spreadsheets, times in seconds"),
    )
}
"""By their names, openai-whisper's first."""


def export(
    result: Transcript,
    file_format: str,
    *,
    title: str,
    last: float = math.inf,
    output: OutputSettings | None = None,
    language: str | None = None,
) -> bytes:
    r"""Return the file of a transcript in one of the formats.

    Parameters
    ----------
    result : Transcript
        As the engine gives it. A segment may have a ``speaker``.
    file_format : str
        A name of `FORMATS`.
    title : str
        What it is headed with, in the formats that have a heading.
    last : float
        Where the recording ends, in seconds.
    output : OutputSettings, optional
        How subtitles are cut, and whether words are timed by themselves (`highlight_words`).
    language : str, optional
        Code of the text's language, where that is not the one that is spoken.

    Raises
    ------
    KeyError
        When there is no such format.

    Examples
    --------
    >>> said = [{"start": 0.0, "end": 1.0, "text": " Hi."}]
    >>> export({"text": " Hi.", "segments": said, "language": "en"}, "csv", title="talk")
    b'start,end,text\r\n0.000,1.000,Hi.\r\n'
    """
    shown = tidied_result(result, last=last)
    return exported(shown, file_format, title=title, last=last, output=output, language=language)


def exported(
    shown: Transcript,
    file_format: str,
    *,
    title: str,
    last: float = math.inf,
    output: OutputSettings | None = None,
    language: str | None = None,
) -> bytes:
    r"""Return the file of a transcript in one of the formats, as `export` does.

    Parameters
    ----------
    shown : Transcript
        What can be shown: see `transcriber.transcript.cues.tidied_result`.
    file_format, title, last, output, language
        As for `export`.

    Examples
    --------
    >>> said = [{"start": 0.0, "end": 1.0, "text": " Hi."}]
    >>> exported({"text": " Hi.", "segments": said, "language": "en"}, "txt", title="talk")
    b'Hi.\n'
    """
    ending = FORMATS[file_format].ending
    output = output or OutputSettings()
    if file_format in OUTPUT_FORMATS:
        # A decoder may cut a character in half; its lone surrogate is no reason to lose all.
        return rendered(shown, output, file_format).encode("utf-8", "replace")
    document = document_of(shown, title=title, last=last, output=output, language=language)
    # Only the one that is asked for.
    module = importlib.import_module(f"{__package__}.{ending}")
    content: bytes = module.content(document)
    return content
