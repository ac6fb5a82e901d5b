"""``/health``, ``/metrics`` and ``/openapi.json``: for what watches services, or looks at them."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources

from transcriber import __version__
from transcriber.jobs.record import State
from transcriber.service.context import Context
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response, text_response

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Watching:
    """Answers whether the service works, and how much.

    Attributes
    ----------
    context : Context
        The service.
    """

    context: Context
    _started: float = field(default_factory=time.time)

    def health(self, _: Request) -> Response:
        """Answer that the service works."""
        return json_response({"status": "ok", "version": __version__})

    def metrics(self, _: Request) -> Response:
        """Answer with figures as Prometheus reads them."""
        return text_response("".join(self._lines()), media_type=_PROMETHEUS)

    def description(self, _: Request) -> Response:
        """Answer with the interface as programs read it (OpenAPI)."""
        content = resources.files("transcriber.service").joinpath("openapi.json").read_bytes()
        return Response(200, (("Content-Type", "application/json"),), content)

    def _lines(self) -> Iterator[str]:
        queue = self.context.queue
        jobs = queue.jobs()
        states = Counter(one.state for one in jobs)
        yield from _metric("jobs", "gauge", "Jobs by their state.")
        for state in State:
            yield f'transcriber_jobs{{state="{state}"}} {states[state]}\n'
        yield from _metric("audio_seconds_total", "counter", "Seconds of recordings decoded.")
        yield f"transcriber_audio_seconds_total {queue.figures.decoded_seconds:.3f}\n"
        yield from _metric("jobs_total", "counter", "Jobs that ended, by how.")
        for name, count in sorted(queue.figures.ended.items()):
            yield f'transcriber_jobs_total{{state="{name}"}} {count}\n'
        yield from _metric("decoder_up", "gauge", "Whether a model is in memory.")
        yield f"transcriber_decoder_up {int(queue.decoder is not None)}\n"
        yield from _metric("memory_bytes", "gauge", "Most memory that the server had.")
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        yield f"transcriber_memory_bytes {memory}\n"
        yield from _metric("start_time_seconds", "gauge", "When the server started.")
        yield f"transcriber_start_time_seconds {self._started:.3f}\n"
        yield from _metric("info", "gauge", "The version.")
        yield f'transcriber_info{{version="{__version__}"}} 1\n'


def _metric(name: str, kind: str, meaning: str) -> Iterator[str]:
    yield f"# HELP transcriber_{name} {meaning}\n"
    yield f"# TYPE transcriber_{name} {kind}\n"
