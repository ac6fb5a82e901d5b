"""``/api/jobs/ID/export`` and ``/api/export``: transcripts as files, one or an archive of them."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from transcriber.engine.interface import Transcript
from transcriber.errors import TranscriberError
from transcriber.exporting.formats import FORMATS, export
from transcriber.jobs.record import JobRecord
from transcriber.service.api.edits import Edits, joined
from transcriber.service.api.views import find
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response
from transcriber.service.job_options import shown_options
from transcriber.settings import SUBTITLES, OutputSettings

_NO_NAME = re.compile(r'[\0-\x1f\x7f<>:"/\\|?*]')
"""What the name of a file may not have on every system."""


@dataclass(frozen=True, kw_only=True)
class Exports:
    """Answers with files.

    Attributes
    ----------
    context : Context
        The service.
    edits : Edits
        The transcripts that were changed.
    """

    context: Context
    edits: Edits

    def one(self, request: Request) -> Response:
        """Answer with a file."""
        record = find(self.context, request)
        output = _output(request)
        try:
            content = self._content(record, output)
        except TranscriberError as error:
            raise http_error(error) from error
        (name,) = output.formats
        return _attached(content, f"{_title(record)}.{name}", FORMATS[name].media_type)

    def several(self, request: Request) -> Response:
        """Answer with an archive of files, written while it is sent."""
        output = _output(request)
        wanted = dict.fromkeys(filter(None, request.first("jobs").split(",")))
        if not wanted:
            raise HttpError(400, "jobs: identifiers are missing, with commas", param="jobs")
        records = []
        for job in wanted:
            record = self.context.queue.job(job)
            if record is None:
                raise HttpError(404, f"jobs: there is no job {job!r}", param="jobs")
            records.append(record)
        content = self._archive(records, output)
        return _attached(content, "transcripts.zip", "application/zip")

    def _archive(self, records: Sequence[JobRecord], output: OutputSettings) -> Iterator[bytes]:
        names = file_names([_title(record) for record in records], output.formats[0])
        stream = _Stream()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for record, name in zip(records, names, strict=True):
                written = time.gmtime(record.ended or record.created)[:6]
                # The format has no earlier time.
                entry = zipfile.ZipInfo(name, max(written, (1980, 1, 1, 0, 0, 0)))
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, self._content(record, output))
                yield stream.taken()
        yield stream.taken()

    def _content(self, record: JobRecord, output: OutputSettings) -> bytes:
        translated = shown_options(record.words).get("task") == "translate"
        return export(
            self._transcript(record),
            output.formats[0],
            title=_title(record),
            last=record.duration or float("inf"),
            output=output,
            language="en" if translated else None,
        )

    def _transcript(self, record: JobRecord) -> Transcript:
        """Return all that is known of what is said."""
        queue = self.context.queue
        segments: Any = joined(self.edits.get(record.job), queue.segments(record.job))
        decoded = queue.transcript(record.job)
        language = decoded["language"] if decoded else record.language
        return {
            "text": "".join(segment["text"] for segment in segments),
            "segments": segments,
            "language": language or "en",
        }


class _Stream(io.RawIOBase):
    """Keeps what is written until it is taken; nobody goes back in it."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._waiting += content
        return len(content)

    def taken(self) -> bytes:
        content = bytes(self._waiting)
        self._waiting.clear()
        return content


def file_names(titles: Sequence[str], ending: str) -> list[str]:
    """Return names of files, each another one, also where capitals do not count.

    Examples
    --------
    >>> file_names(["Talk", "talk", "a/b", ""], "srt")
    ['Talk.srt', 'talk (2).srt', 'a_b.srt', 'recording.srt']
    """
    names: dict[str, str] = {}
    for title in titles:
        base = _NO_NAME.sub("_", title).strip(" .") or "recording"
        name, number = base, 1
        while name.casefold() in names:
            number += 1
            name = f"{base} ({number})"
        names[name.casefold()] = f"{name}.{ending}"
    return list(names.values())


def _attached(content: bytes | Iterator[bytes], name: str, media_type: str) -> Response:
    headers = (
        ("Content-Type", media_type),
        ("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name, safe='')}"),
        ("Cache-Control", "no-store"),
    )
    return Response(200, headers, content)


def _title(record: JobRecord) -> str:
    return record.name.rpartition(".")[0] or record.name


def _output(request: Request) -> OutputSettings:
    name = request.first("format", "txt")
    if name not in FORMATS:
        raise HttpError(400, f"format: one of {', '.join(FORMATS)}", param="format")
    subtitles = request.first("subtitles") or None
    if subtitles is not None and subtitles not in SUBTITLES:
        raise HttpError(400, f"subtitles: one of {', '.join(SUBTITLES)}", param="subtitles")
    settings = OutputSettings(formats=(name,), subtitles=subtitles)
    return replace(settings, highlight_words=request.first("highlight_words") == "true")
