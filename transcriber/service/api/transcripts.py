"""``/api/jobs/ID/transcript``: what was decoded, and what somebody has made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transcriber.errors import TranscriberError
from transcriber.jobs.bulletin import Event
from transcriber.jobs.record import JobRecord, State
from transcriber.service.api.edits import Edits, joined
from transcriber.service.api.views import find, read_object
from transcriber.service.context import Context
from transcriber.service.http.errors import http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response

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
                "segments": joined(edited, decoded),
                "revision": edited.revision if edited else 0,
                "decoded": len(decoded),
                "complete": record.state is State.DONE,
            }
        )

    def put(self, request: Request) -> Response:
        """Keep a changed transcript."""
        return self._kept(request, "segments", self.edits.put)

    def patch(self, request: Request) -> Response:
        """Keep a changed transcript of which only what is new is sent."""
        return self._kept(request, "parts", self.edits.patch)

    def _kept(
        self, request: Request, name: str, keep: Callable[[str, object, object, object], int]
    ) -> Response:
        record = find(self.context, request)
        given = read_object(request, _LARGEST)
        # Whoever does not say how many it takes in has seen all.
        decoded = given.get("decoded", len(self.context.queue.segments(record.job)))
        try:
            revision = keep(record.job, given.get(name), given.get("revision"), decoded)
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

    def _language(self, record: JobRecord) -> str | None:
        transcript = self.context.queue.transcript(record.job)
        return transcript["language"] if transcript else record.language
