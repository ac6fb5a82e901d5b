"""The service over a process that decodes nothing, at an address of this machine."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import Queued, running, use_stand_in

from service.http.serving import Answer, Served, serving
from transcriber.jobs.queue import JobQueue
from transcriber.service import waiting
from transcriber.service.api import events
from transcriber.service.base_words import base_words
from transcriber.service.context import Context
from transcriber.service.routes import service_routes

BOUNDARY = "----boundary"

Field = tuple[str, str] | tuple[str, str, bytes]
"""A name and a value; a name, a file's name and its content."""


@dataclass
class Service:
    """A running service."""

    context: Context
    served: Served
    queued: Queued

    @property
    def queue(self) -> JobQueue:
        return self.context.queue

    @property
    def folders(self) -> list[str]:
        """The names of all jobs' folders."""
        return [path.name for path in self.queue.folders.root.iterdir() if path.is_dir()]

    def ask(
        self, path: str, method: str = "GET", body: object = None, **headers: str
    ) -> tuple[int, Any]:
        """Ask with JSON, and return the status with what the answer holds."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        return told(self.served.ask(path, method, content, **headers))

    def send(self, path: str, *fields: Field) -> tuple[int, Any]:
        """Send a form, and return the status with what the answer holds."""
        return told(self.post(path, *fields))

    def post(self, path: str, *fields: Field) -> Answer:
        headers = {"content_type": f"multipart/form-data; boundary={BOUNDARY}"}
        return self.served.ask(path, "POST", form(fields), **headers)

    def transcribe(
        self, *commands: str, task: str = "transcriptions", **fields: str
    ) -> tuple[int, Any]:
        """Ask for the text of a recording that says what is to happen to it."""
        content = "\n".join(commands).encode()
        recording: Field = ("file", "a.wav", content)
        return self.send(f"/v1/audio/{task}", recording, *fields.items())

    def submit(self, *commands: str, options: Mapping[str, Any] | None = None) -> str:
        """Have a recording decoded that says what is to happen to it; return its job."""
        content = "\n".join(commands).encode()
        fields: Sequence[Field] = (("options", json.dumps(options or {})),)
        status, answer = self.send("/api/jobs", ("file", "Talk.wav", content), *fields)
        assert status == 201, answer
        job: str = answer["jobs"][0]["id"]
        return job

    def done(self, *commands: str) -> str:
        job = self.submit(*commands)
        self.queued.over(job)
        return job

    @contextlib.contextmanager
    def asking(self, path: str, *fields: Field) -> Iterator[socket.socket]:
        """Send a form, and leave the connection open for as long as the block takes."""
        body = form(fields)
        head = self.served.head(
            "POST",
            path,
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}",
            f"Content-Length: {len(body)}",
        )
        with self.served.connect() as client:
            client.sendall(head + body)
            yield client


def form(fields: Sequence[Field]) -> bytes:
    """Return the body of a form."""
    lines = []
    for name, value, *content in fields:
        named = f'; filename="{value}"' if content else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'
        lines.append(head.encode() + (content[0] if content else value.encode()) + b"\r\n")
    return b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()


def told(answer: Answer) -> tuple[int, Any]:
    """Return the status, and what JSON or text says."""
    if answer.headers.get_content_type() == "application/json":
        return answer.status, json.loads(answer.body, parse_constant=pytest.fail)
    return answer.status, answer.body.decode()


def events_of(client: socket.socket, count: int) -> list[tuple[str, Any]]:
    """Return the next events of a stream, with their content."""
    found: list[tuple[str, Any]] = []
    with client.makefile("rb") as stream:
        name = ""
        while len(found) < count:
            line = stream.readline()
            assert line, found
            key, _, value = line.decode().strip().partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                found.append((name, json.loads(value)))
                name = ""
    return found


@contextlib.contextmanager
def service_in(folder: Path, *options: str) -> Iterator[Service]:
    """Run a service for the time of the block."""
    models = folder / "models"
    models.mkdir(exist_ok=True)
    words, settings = base_words(["--model_dir", str(models), "--offline", *options])
    with running(folder) as queued:
        lines = queued.lines
        context = Context(queue=queued.queue, words=words, settings=settings, log=lines.append)
        with serving(service_routes(context)) as served:
            yield Service(context, served, queued)


def _prepare(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    use_stand_in(monkeypatch)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    # Whoever leaves is noticed sooner.
    for module in (events, waiting):
        monkeypatch.setattr(module, "_TICK", 0.05)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Return the service of all tests of a module that change nothing of it."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as monkeypatch:
        _prepare(monkeypatch, folder)
        with service_in(folder) as found:
            yield found


SHARED = pytest.mark.usefixtures("shared")
"""On a test that may have the service which others have, too."""


@pytest.fixture
def service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Service]:
    if "shared" in request.fixturenames:
        yield request.getfixturevalue("shared")
        return
    _prepare(monkeypatch, tmp_path)
    with service_in(tmp_path) as found:
        yield found
