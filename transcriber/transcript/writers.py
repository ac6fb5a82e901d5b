"""The output files, in openai-whisper's formats, each written as a whole or not at all.

They are openai-whisper's to the byte, but for what no reader could show: see
`transcriber.transcript.cues` and `transcriber.transcript.plain_text`.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from transcriber.engine.interface import TimedText, Transcript
from transcriber.files import atomic_writer, sibling
from transcriber.settings import OUTPUT_FORMATS, OutputSettings
from transcriber.transcript.cues import tidied_result
from transcriber.transcript.ownership import Mark, put_mark
from transcriber.transcript.plain_text import one_line
from transcriber.transcript.subtitles import recut, rules_of
from transcriber.transcript.words import as_word

_AMPERSAND, _LESS = "\ufdd0", "\ufdd1"
"""Stand for ``&`` and ``<`` of the text while lines are broken, so that what is escaped is as long
as it looks, and the tags of the writer are told from it. No text has them: see `one_line`."""

_ARROWS = re.compile("-{2,}>")

Cue = tuple[str, str, str]
"""Start, end and lines of a subtitle."""


def render(
    result: Transcript, output: OutputSettings, file_format: str, *, last: float = math.inf
) -> str:
    r"""Return a transcript in one of the formats.

    Parameters
    ----------
    result : Transcript
        As the engine gives it.
    output : OutputSettings
        How subtitles are broken into lines.
    file_format : str
        ``txt``, ``vtt``, ``srt``, ``tsv`` or ``json``.
    last : float
        Where the recording ends, in seconds.

    Returns
    -------
    str
        The content of the file, to be written as UTF-8.

    Examples
    --------
    >>> said = [{"start": 0.0, "end": 1.0, "text": " Hi."}]
    >>> render({"text": " Hi.", "segments": said, "language": "en"}, OutputSettings(), "tsv")
    'start\tend\ttext\n0\t1000\tHi.\n'
    """
    return _render(tidied_result(result, last=last), output, file_format)


def output_paths(stem: Path, output: OutputSettings) -> tuple[Path, ...]:
    """Return the files of a transcript, given their common path without an ending.

    Examples
    --------
    >>> wanted = OutputSettings(formats=("txt", "srt"))
    >>> [str(path) for path in output_paths(Path("out/talk"), wanted)]
    ['out/talk.txt', 'out/talk.srt']
    """
    return tuple(stem.with_name(f"{stem.name}.{ending}") for ending in output.formats)


def write_outputs(
    result: Transcript,
    stem: Path,
    output: OutputSettings,
    *,
    last: float = math.inf,
    mark: Mark | None = None,
) -> tuple[Path, ...]:
    """Write every format of the settings.

    Parameters
    ----------
    result, output, last
        As for `render`.
    stem : Path
        The common path of the files, without an ending.
    mark : Mark, optional
        Of the recording that it is the transcript of.

    Raises
    ------
    StorageError
        When one cannot be written; the file that was there before is then unharmed.
    """
    paths = output_paths(stem, output)
    shown = tidied_result(result, last=last)
    for path, file_format in zip(paths, output.formats, strict=True):
        content = _render(shown, output, file_format)
        with atomic_writer(path) as stream:
            # A decoder may cut a character in half; its lone surrogate is no reason to lose all.
            stream.write(content.encode("utf-8", "replace"))
            note = put_mark(stream.fileno(), mark)
        note(path)
    return paths


def partial_stem(stem: Path) -> Path:
    """Return the path of what an interrupted run leaves, which never passes for the whole.

    Examples
    --------
    >>> str(partial_stem(Path("out/talk")))
    'out/talk.transcriber-partial'
    """
    return sibling(stem, ".transcriber-partial")


def remove_partial(stem: Path) -> None:
    """Delete what interrupted runs left of a transcript that is now complete, in any format."""
    partial = partial_stem(stem)
    for ending in OUTPUT_FORMATS:
        with contextlib.suppress(OSError):
            partial.with_name(f"{partial.name}.{ending}").unlink()


def _render(shown: Transcript, output: OutputSettings, file_format: str) -> str:
    if file_format == "json":
        return _json(shown)
    if file_format == "txt":
        return "".join(f"{segment['text'].strip()}\n" for segment in shown["segments"])
    if file_format == "tsv":
        return "start\tend\ttext\n" + "".join(map(_row, shown["segments"]))
    cues = _cues(shown["segments"], output, file_format)
    if file_format == "vtt":
        blocks = [f"{start} --> {end}\n{_escaped(text)}\n\n" for start, end, text in cues]
        return "WEBVTT\n\n" + "".join(blocks)
    return "".join(
        f"{number}\n{start} --> {end}\n{_literal(text)}\n\n"
        for number, (start, end, text) in enumerate(cues, start=1)
    )


def _row(segment: TimedText) -> str:
    start, end = round(1000 * segment["start"]), round(1000 * segment["end"])
    text = one_line(segment["text"]).strip().replace("\t", " ")
    return f"{start}\t{end}\t{text}\n"


def _json(shown: Transcript) -> str:
    try:
        return json.dumps(shown, allow_nan=False)
    except ValueError:
        # JSON has no name for what is no number.
        return json.dumps(_finite(shown), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


def _cues(segments: Sequence[TimedText], output: OutputSettings, file_format: str) -> Iterator[Cue]:
    """Yield subtitles, with the stand-ins in their text."""
    from whisper.utils import get_writer  # noqa: PLC0415  imports torch

    writer: Any = get_writer(file_format, "")
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
            yield start, end, _ARROWS.sub("->", "\n".join(lines))


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


def _escaped(text: str) -> str:
    return text.replace(_AMPERSAND, "&amp;").replace(_LESS, "&lt;")


def _literal(text: str) -> str:
    return text.replace(_AMPERSAND, "&").replace(_LESS, "<")
