"""Which address is answered by what."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from transcriber.service.api.audio import Audio
from transcriber.service.api.edits import Edits
from transcriber.service.api.events import Events
from transcriber.service.api.exports import Exports
from transcriber.service.api.jobs import Jobs
from transcriber.service.api.live import Live
from transcriber.service.api.models import Models
from transcriber.service.api.options import Options
from transcriber.service.api.state import StateOfService
from transcriber.service.api.transcripts import Transcripts
from transcriber.service.context import Context
from transcriber.service.http.gate import Access
from transcriber.service.http.routes import Route
from transcriber.service.openai import models as openai_models
from transcriber.service.openai.realtime import Realtime
from transcriber.service.openai.transcriptions import Transcriptions
from transcriber.service.page_files import PageFiles
from transcriber.service.watching import Watching


def service_routes(context: Context) -> list[Route]:
    """Return all routes of the service, but for those of the page."""
    return [*_openai(context), *_jobs(context), *_machine(context), *_watching(context)]


def page_routes(opened: Callable[[], object]) -> list[Route]:
    """Return the routes of the page; `opened` is called when a browser has got in."""
    page = PageFiles(opened=opened)
    return [
        Route("GET", "/", page.start, Access.PAGE),
        Route("GET", "/{file...}", page.one, Access.PAGE),
    ]


def _openai(context: Context) -> Iterator[Route]:
    models = openai_models.Models(context=context)
    for name, task in (("transcriptions", "transcribe"), ("translations", "translate")):
        yield Route("POST", f"/v1/audio/{name}", Transcriptions(context=context, task=task))
    yield Route("GET", "/v1/realtime", Realtime(context))
    yield Route("GET", "/v1/models", models.everything)
    yield Route("GET", "/v1/models/{model}", models.one)


def _jobs(context: Context) -> Iterator[Route]:
    edits = Edits(folders=context.queue.folders)
    jobs = Jobs(context=context, edits=edits)
    transcripts = Transcripts(context=context, edits=edits)
    exports = Exports(context=context, edits=edits)
    audio, events = Audio(context=context), Events(context=context)
    yield Route("GET", "/api/jobs", jobs.everything)
    yield Route("POST", "/api/jobs", jobs.create)
    yield Route("GET", "/api/jobs/{job}", jobs.one)
    yield Route("DELETE", "/api/jobs/{job}", jobs.remove)
    changes = {"cancel": jobs.cancel, "pause": jobs.pause, "resume": jobs.resume}
    changes |= {"again": jobs.again, "priority": jobs.prioritise, "passage": jobs.passage}
    for name, change in changes.items():
        yield Route("POST", f"/api/jobs/{{job}}/{name}", change)
    yield Route("POST", "/api/queue/pause", jobs.pause_queue)
    yield Route("POST", "/api/queue/resume", jobs.resume_queue)
    yield Route("GET", "/api/events", events.everything)
    yield Route("GET", "/api/jobs/{job}/events", events.one)
    yield Route("GET", "/api/jobs/{job}/transcript", transcripts.get)
    yield Route("PUT", "/api/jobs/{job}/transcript", transcripts.put)
    yield Route("PATCH", "/api/jobs/{job}/transcript", transcripts.patch)
    yield Route("DELETE", "/api/jobs/{job}/transcript", transcripts.revert)
    yield Route("GET", "/api/jobs/{job}/export", exports.one)
    yield Route("GET", "/api/export", exports.several)
    yield Route("GET", "/api/jobs/{job}/audio", audio.sound)
    yield Route("GET", "/api/jobs/{job}/peaks", audio.peaks)


def _machine(context: Context) -> Iterator[Route]:
    models, options = Models(context=context), Options(context=context)
    state = StateOfService(context=context)
    yield Route("GET", "/api/live", Live(context))
    yield Route("GET", "/api/state", state.get)
    yield Route("GET", "/api/doctor", state.doctor)
    yield Route("GET", "/api/models", models.everything)
    yield Route("POST", "/api/models/default", models.choose)
    yield Route("POST", "/api/models/import", models.take_in)
    yield Route("POST", "/api/models/{model}/fetch", models.fetch)
    yield Route("DELETE", "/api/models/{model}", models.remove)
    yield Route("GET", "/api/options", options.everything)
    yield Route("GET", "/api/defaults", options.defaults)
    yield Route("PUT", "/api/defaults", options.change)


def _watching(context: Context) -> Iterator[Route]:
    watching = Watching(context=context)
    yield Route("GET", "/health", watching.health, Access.OPEN)
    yield Route("GET", "/metrics", watching.metrics)
    yield Route("GET", "/openapi.json", watching.description)
