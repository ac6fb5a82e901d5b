"""``/api/jobs/ID/transcript`` and its exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from transcriber.engine.interface import Transcript
from transcriber.errors import TranscriberError
from transcriber.exporting.formats import FORMATS, export
from transcriber.jobs.bulletin import Event
from transcriber.jobs.record import JobRecord, State
from transcriber.service.api.edits import Edited, Edits
from transcriber.service.api.views import find, read_object
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response
from transcriber.service.job_options import shown_options
from transcriber.settings import SUBTITLES, OutputSettings

_LARGEST = 512 << 20
"""Bytes of a transcript: a recording of a day, with the times of words, has 100 MB."""


@dataclass(frozen=True, kw_only=True)
class Transcripts:
    """Answers what is asked about transcripts.

    Attributes
    ----------
    context : Context
        The service.
    edits : Edits
        The transcripts that were changed.
    """

    context: Context
    edits: Edits

    def get(self, request: Request) -> Response:
        """Answer with what is decoded so far, or with what somebody has made of it."""
        record = find(self.context, request)
        edited = self.edits.get(record.job)
        decoded = self.context.queue.segments(record.job)
        return json_response(
            {
                "language": self._language(record),
                "segments": _joined(edited, decoded),
                "revision": edited.revision if edited else 0,
                "decoded": len(decoded),
                "complete": record.state is State.DONE,
            }
        )

    def put(self, request: Request) -> Response:
        """Keep a changed transcript."""
        record = find(self.context, request)
        given = read_object(request, _LARGEST)
        # Whoever does not say how many it takes in has seen all.
        decoded = given.get("decoded", len(self.context.queue.segments(record.job)))
        try:
            revision = self.edits.put(
                record.job, given.get("segments"), given.get("revision"), decoded
            )
        except TranscriberError as error:
            raise http_error(error) from error
        self.context.queue.bulletin.tell(Event(kind="job", job=record.job, content={}))
        return json_response({"revision": revision})

    def revert(self, request: Request) -> Response:
        """Go back to what was decoded."""
        record = find(self.context, request)
        self.edits.remove(record.job)
        self.context.queue.bulletin.tell(Event(kind="job", job=record.job, content={}))
        return json_response({"revision": 0})

    def export(self, request: Request) -> Response:
        """Answer with a file."""
        record = find(self.context, request)
        name = request.first("format", "txt")
        if name not in FORMATS:
            raise HttpError(400, f"format: one of {', '.join(FORMATS)}", param="format")
        title = record.name.rpartition(".")[0] or record.name
        settings = _output(request, name)
        try:
            content = export(
                self._transcript(record),
                name,
                title=title,
                last=record.duration or float("inf"),
                output=settings,
                language="en" if shown_options(record.words).get("task") == "translate" else None,
            )
        except TranscriberError as error:
            raise http_error(error) from error
        file_name = quote(f"{title}.{name}", safe="")
        headers = (
            ("Content-Type", FORMATS[name].media_type),
            ("Content-Disposition", f"attachment; filename*=UTF-8''{file_name}"),
            ("Cache-Control", "no-store"),
        )
        return Response(200, headers, content)

    def _transcript(self, record: JobRecord) -> Transcript:
        """Return all that is known of what is said."""
        segments: Any = _joined(self.edits.get(record.job), self.context.queue.segments(record.job))
        return {
            "text": "".join(segment["text"] for segment in segments),
            "segments": segments,
            "language": self._language(record) or "en",
        }

    def _language(self, record: JobRecord) -> str | None:
        transcript = self.context.queue.transcript(record.job)
        return transcript["language"] if transcript else None


def _joined(edited: Edited | None, decoded: Sequence[Any]) -> list[Any]:
    """Return what somebody has made of a transcript, and what was decoded since."""
    return [*edited.segments, *decoded[edited.decoded :]] if edited else [*decoded]


def _output(request: Request, name: str) -> OutputSettings:
    subtitles = request.first("subtitles") or None
    if subtitles is not None and subtitles not in SUBTITLES:
        raise HttpError(400, f"subtitles: one of {', '.join(SUBTITLES)}", param="subtitles")
    settings = OutputSettings(formats=(name,), subtitles=subtitles)
    return replace(settings, highlight_words=request.first("highlight_words") == "true")
