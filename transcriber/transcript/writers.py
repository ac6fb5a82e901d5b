"""A transcript in openai-whisper's formats.

They are openai-whisper's to the byte, but for what no reader could show: see
`transcriber.transcript.cues` and `transcriber.transcript.plain_text`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from transcriber.engine.interface import TimedText, Transcript
from transcriber.settings import OutputSettings
from transcriber.transcript.cues import tidied_result
from transcriber.transcript.plain_text import one_line
from transcriber.transcript.shown_cues import shown_cues


def render(
    result: Transcript, output: OutputSettings, file_format: str, *, last: float = math.inf
) -> str:
    r"""Return a transcript in one of openai-whisper's formats.

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
    return rendered(tidied_result(result, last=last), output, file_format)


def rendered(shown: Transcript, output: OutputSettings, file_format: str) -> str:
    r"""Return a transcript in one of openai-whisper's formats, as `render` does.

    Parameters
    ----------
    shown : Transcript
        What can be shown: see `tidied_result`.
    output, file_format
        As for `render`.

    Examples
    --------
    >>> said = [{"start": 0.0, "end": 1.0, "text": " Hi."}]
    >>> rendered({"text": " Hi.", "segments": said, "language": "en"}, OutputSettings(), "txt")
    'Hi.\n'
    """
    segments = shown["segments"]
    if file_format == "json":
        return _json(shown)
    if file_format == "txt":
        return "".join(f"{segment['text'].strip()}\n" for segment in segments)
    if file_format == "tsv":
        return "start\tend\ttext\n" + "".join(map(_row, segments))
    if file_format == "vtt":
        return "WEBVTT\n\n" + "".join(
            f"{_vtt_time(start)} --> {_vtt_time(end)}\n{text}\n\n"
            for start, end, text in shown_cues(segments, output, ampersand="&amp;", less="&lt;")
        )
    return "".join(
        f"{number}\n{_srt_time(start)} --> {_srt_time(end)}\n{text}\n\n"
        for number, (start, end, text) in enumerate(shown_cues(segments, output), start=1)
    )


def _srt_time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02},{rest:03}"


def _vtt_time(milliseconds: int) -> str:
    # Without an hour that is none.
    return _srt_time(milliseconds).replace(",", ".").removeprefix("00:")


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
