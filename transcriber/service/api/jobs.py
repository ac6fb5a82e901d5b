"""``/api/jobs``: taking in recordings, and what is done with their jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcriber.errors import TranscriberError
from transcriber.jobs.record import JobRecord
from transcriber.service.api.edits import Edits
from transcriber.service.api.views import find, job_view, read_json, read_object
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response, no_content
from transcriber.service.http.uploads import receive_form
from transcriber.service.job_options import job_words

_MOST_PRIORITY = 1000


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """Answers what is asked about jobs.

    Attributes
    ----------
    context : Context
        The service.
    edits : Edits
        The transcripts that were changed.
    """

    context: Context
    edits: Edits

    def everything(self, _: Request) -> Response:
        """Answer with all jobs."""
        places = self.context.queue.places()
        shown = [job_view(self.context, one, places) for one in self.context.queue.jobs()]
        return json_response({"jobs": shown})

    def one(self, request: Request) -> Response:
        """Answer with a job."""
        return self._shown(find(self.context, request))

    def create(self, request: Request) -> Response:
        """Take in recordings; each becomes a job."""
        queue = self.context.queue
        made = [queue.folders.new()]
        taken: list[JobRecord] = []
        try:
            with receive_form(request, queue.folders.of(made[0])) as form:
                if not form.files:
                    raise HttpError(400, "file: the form has no recording", param="file")
                words = job_words(self.context, _options(form.fields))
                for upload in form.files:
                    if taken:
                        made.append(queue.folders.new())
                    recording = queue.folders.of(made[-1]) / upload.name
                    form.take(upload.name).rename(recording)
                    taken.append(self._submit(request, upload.label, recording, words))
        except BaseException as error:
            # All, or nothing.
            for job in made:
                if not queue.remove(job):
                    queue.folders.remove(job)
            if isinstance(error, TranscriberError):
                raise http_error(error) from error
            raise
        shown = [job_view(self.context, one) for one in taken]
        return json_response({"jobs": shown}, status=201)

    def remove(self, request: Request) -> Response:
        """Forget a job with its files."""
        self.context.queue.remove(find(self.context, request).job)
        return no_content()

    def cancel(self, request: Request) -> Response:
        """Give a job up."""
        return self._changed(request, self.context.queue.cancel)

    def pause(self, request: Request) -> Response:
        """Put a job aside."""
        return self._changed(request, self.context.queue.pause)

    def resume(self, request: Request) -> Response:
        """Go on with a job."""
        return self._changed(request, self.context.queue.resume)

    def again(self, request: Request) -> Response:
        """Decode a recording anew, with other options."""
        words = self._words(read_object(request))
        return self._changed(request, lambda job: self.context.queue.again(job, words))

    def prioritise(self, request: Request) -> Response:
        """Give a job another priority."""
        priority = read_object(request).get("priority")
        if type(priority) is not int or abs(priority) > _MOST_PRIORITY:
            raise HttpError(400, "priority: a whole number is missing", param="priority")
        return self._changed(request, lambda job: self.context.queue.prioritise(job, priority))

    def passage(self, request: Request) -> Response:
        """Decode a part of a recording once more, as a job of its own."""
        record = find(self.context, request)
        given = read_object(request)
        start, end = given.get("start"), given.get("end")
        if not (isinstance(start, int | float) and isinstance(end, int | float) and start < end):
            raise HttpError(400, "start, end: seconds of the recording are missing", param="start")
        options = _object(given.get("options") or {})
        words = self._words({"options": {**options, "clip_timestamps": [max(0, start), end]}})
        passage = self.context.queue.submit(
            name=record.name,
            recording=record.recording,
            words=words,
            client=request.session or request.client,
            kept=False,
            # Somebody waits for it.
            priority=_MOST_PRIORITY,
        )
        return json_response(job_view(self.context, passage), status=202)

    def pause_queue(self, _: Request) -> Response:
        """Begin nothing new."""
        self.context.queue.pause_all(True)
        return json_response({"paused": True})

    def resume_queue(self, _: Request) -> Response:
        """Go on."""
        self.context.queue.pause_all(False)
        return json_response({"paused": False})

    def _submit(
        self, request: Request, label: str, recording: Path, words: tuple[str, ...]
    ) -> JobRecord:
        return self.context.queue.submit(
            name=label or "recording",
            recording=recording,
            words=words,
            client=request.session or request.client,
            job=recording.parent.name,
        )

    def _words(self, given: dict[str, Any]) -> tuple[str, ...]:
        try:
            return job_words(self.context, _object(given.get("options") or {}))
        except TranscriberError as error:
            raise http_error(error) from error

    def _changed(self, request: Request, change: Callable[[str], JobRecord | None]) -> Response:
        try:
            record = change(find(self.context, request).job)
        except TranscriberError as error:
            raise http_error(error) from error
        if record is None:
            raise HttpError(404, "there is no such job: it was removed meanwhile")
        return self._shown(record)

    def _shown(self, record: JobRecord) -> Response:
        return json_response(job_view(self.context, record))


def _options(fields: Any) -> dict[str, Any]:
    return _object(read_json(next(iter(fields.get("options", ())), "") or "{}"))


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise HttpError(400, "options: no object in JSON", param="options")
    return value
