"""``/v1/audio/transcriptions`` and ``/v1/audio/translations``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from transcriber.errors import TranscriberError
from transcriber.exporting.formats import FORMATS, export
from transcriber.jobs.record import JobRecord
from transcriber.service.context import Context
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.request import Request
from transcriber.service.http.response import (
    Event,
    Response,
    event_stream,
    json_response,
    text_response,
)
from transcriber.service.http.uploads import receive_form
from transcriber.service.openai.answers import Said, plain, text_of, usage, verbose
from transcriber.service.openai.parameters import Parameters, read_parameters
from transcriber.service.waiting import ClientLeftError, done, events_until_over, wait


@dataclass(frozen=True, kw_only=True)
class Transcriptions:
    """Answers requests for the text of a recording.

    Attributes
    ----------
    context : Context
        The service.
    task : str
        ``transcribe`` or ``translate``.
    """

    context: Context
    task: str

    def __call__(self, request: Request) -> Response:
        """Transcribe the recording of a request."""
        queue = self.context.queue
        job = queue.folders.new()
        try:
            parameters = self._submit(request, job)
            if parameters.stream and parameters.response_format in ("json", "text"):
                stream = self._streamed(request, job)
                # From here on, it removes the job at its end.
                next(stream)
                return _of_model(event_stream(stream), parameters)
            record = wait(queue, job, request.gone)
            answer = _of_model(self._answer(record, parameters), parameters)
        except TranscriberError as error:
            self._discard(job)
            raise http_error(error) from error
        except ClientLeftError:
            self._discard(job)
            raise HttpError(499, "the client has left") from None
        except BaseException:
            self._discard(job)
            raise
        self._discard(job)
        return answer

    def _submit(self, request: Request, job: str) -> Parameters:
        queue = self.context.queue
        with receive_form(request, queue.folders.of(job)) as form:
            parameters = read_parameters(self.context, form.fields, task=self.task)
            if not form.files:
                raise HttpError(400, "file: the form has no recording", param="file")
            upload = form.files[0]
            recording = form.take(upload.name)
        queue.submit(
            name=upload.label or "the recording",
            recording=recording,
            words=parameters.words,
            client=request.session or request.client,
            job=job,
            kept=False,
        )
        return parameters

    def _discard(self, job: str) -> None:
        if not self.context.queue.remove(job):
            self.context.queue.folders.remove(job)

    def _answer(self, record: JobRecord, parameters: Parameters) -> Response:
        queue = self.context.queue
        transcript = queue.transcript(record.job)
        if transcript is None:
            raise HttpError(500, "the transcript cannot be read")
        duration = record.duration or 0.0
        wanted = parameters.response_format
        if wanted == "json":
            return json_response(plain(transcript, duration, parameters))
        if wanted == "verbose_json":
            return json_response(verbose(transcript, duration, parameters))
        if wanted == "text":
            return text_response(text_of(transcript["segments"]) + "\n")
        content = export(
            transcript, wanted, title=record.name, last=duration, output=parameters.output
        )
        return Response(200, (("Content-Type", FORMATS[wanted].media_type),), content)

    def _streamed(self, request: Request, job: str) -> Iterator[Event | None]:
        """Yield the text as it comes, and all of it at the end."""
        queue = self.context.queue
        said = Said()
        try:
            yield None
            for _ in events_until_over(queue, job, request.gone):
                delta = said.delta(queue.segments(job))
                yield _event({"type": "transcript.text.delta", "delta": delta}) if delta else None
            record = done(queue, job)
            # Whatever events there were: now all of it is known.
            if delta := said.delta(queue.segments(job)):
                yield _event({"type": "transcript.text.delta", "delta": delta})
            last = {"type": "transcript.text.done", "text": said.text.rstrip()}
            yield _event({**last, "usage": usage(record.duration or 0.0)})
        except HttpError as error:
            yield Event(name="error", data=json.dumps(error.payload()))
        except ClientLeftError:
            return
        finally:
            self._discard(job)


def _of_model(response: Response, parameters: Parameters) -> Response:
    """Say which model has decoded it: clients may name some that this server has not."""
    # Names of imported models may have letters that no header has.
    model = quote(parameters.model)
    return replace(response, headers=(*response.headers, ("X-Model", model)))


def _event(content: dict[str, Any]) -> Event:
    return Event(name=None, data=json.dumps(content))
