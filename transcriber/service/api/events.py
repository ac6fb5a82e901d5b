"""``/api/events``: what happens, as it happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from transcriber.jobs import bulletin
from transcriber.service.api.views import find, job_view
from transcriber.service.context import Context
from transcriber.service.http.request import Request
from transcriber.service.http.response import Event, Response, event_stream

_TICK = 1.0
"""Seconds after which it is looked whether the client is still there."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """Tells what happens.

    Attributes
    ----------
    context : Context
        The service.
    """

    context: Context

    def everything(self, _: Request) -> Response:
        """Answer with what happens to all jobs and models."""
        return self._stream("")

    def one(self, request: Request) -> Response:
        """Answer with what happens to a job."""
        return self._stream(find(self.context, request).job)

    def _stream(self, job: str) -> Response:
        events = self._heard(job)
        # It listens before the client is told anything, and leaves whatever becomes of the answer.
        next(events)
        return event_stream(events)

    def _heard(self, job: str) -> Iterator[Event | None]:
        queue = self.context.queue
        listener = queue.bulletin.listen(job)
        try:
            yield None
            while True:
                event = listener.hear(_TICK)
                yield self._shown(event) if event else None
        finally:
            queue.bulletin.leave(listener)

    def _shown(self, event: bulletin.Event) -> Event | None:
        content: dict[str, Any] = dict(event.content)
        if event.kind == "job":
            record = self.context.queue.job(event.job)
            if record is None:
                return None
            content = job_view(self.context, record)
        elif event.job:
            content["job"] = event.job
        return Event(name=event.kind, data=json.dumps(content))
