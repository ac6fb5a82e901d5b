"""The service, asked for all that it answers, to find out what it imports and opens."""

from __future__ import annotations

import contextlib
import http.client
import json
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from buildkit.errors import ToolError
from buildkit.places import CHECKOUT
from native_build.traced_runs import Material
from transcriber.exporting.formats import FORMATS

PAGE = CHECKOUT / "transcriber/page"

_LIMIT = 120.0
"""Seconds for the service to start, for an answer, and for a job: all take a few."""


def ask_everything(
    program: Sequence[str], environment: Mapping[str, str], material: Material, scratch: Path
) -> None:
    """Start the page's service, ask it for everything, and end it.

    Parameters
    ----------
    program : sequence of str
        The command of the program.
    environment : mapping of str to str
        Of its process.
    material : Material
        What it works on.
    scratch : Path
        A folder for what it writes.

    Raises
    ------
    ToolError
        When it does not start or end as it should, or an answer is another one than expected.
    """
    options = ("--no_browser", "--data_dir", str(scratch / "jobs"), "--model", "tiny.en")
    models = ("--model_dir", str(material.models), "--device", "cpu", "--offline")
    with (scratch / "service.log").open("w+b") as log:
        process = subprocess.Popen(
            [*program, "ui", *options, *models], env=environment, cwd=scratch, stderr=log
        )
        try:
            client = _Client(_address(scratch / "jobs", process, log.name))
            _ask(client, material.recordings[0])
            process.send_signal(signal.SIGTERM)
            code = process.wait(_LIMIT)
        finally:
            process.kill()
            process.wait()
    if code:
        raise ToolError(f"the service ended with exit code {code}: {Path(log.name).read_text()}")


def _address(folder: Path, process: subprocess.Popen[bytes], log: str) -> str:
    """Return the address of the page, when the service answers."""
    end = time.monotonic() + _LIMIT
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError):
            if address := (folder / "address").read_text():
                return address
        time.sleep(0.05)
    raise ToolError(f"the service does not start: {Path(log).read_text()}")


class _Client:
    """A browser of few words."""

    def __init__(self, address: str) -> None:
        self._host, _, token = address.removeprefix("http://").partition("/")
        _, headers, _ = self._ask("GET", f"/{token}", b"", {}, (303,))
        self._cookie = headers["Set-Cookie"].partition(";")[0]

    def get(self, path: str, *, expected: int = 200) -> bytes:
        """Return the content of an address."""
        return self._ask("GET", path, b"", {"Cookie": self._cookie}, (expected,))[2]

    def send(self, method: str, path: str, content: Any = None) -> Any:
        """Send JSON; return the JSON of the answer."""
        headers = {"Cookie": self._cookie, "Content-Type": "application/json"}
        body = json.dumps(content or {}).encode()
        answer = self._ask(method, path, body, headers, (200, 201, 202, 204))[2]
        return json.loads(answer) if answer else None

    def post_form(
        self, path: str, recording: Path, fields: Mapping[str, str], expected: int = 200
    ) -> bytes:
        """Send a recording with further fields; return the content of the answer."""
        boundary = secrets.token_hex(16)
        parts = [f'name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
        head = f'name="file"; filename="{recording.name}"\r\n\r\n'.encode()
        parts.append(head + recording.read_bytes())
        opening = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
        body = b"".join(opening + part + b"\r\n" for part in parts) + f"--{boundary}--".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        headers["Cookie"] = self._cookie
        return self._ask("POST", path, body, headers, (expected,))[2]

    def _ask(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], codes: Sequence[int]
    ) -> tuple[int, Mapping[str, str], bytes]:
        with contextlib.closing(http.client.HTTPConnection(self._host, timeout=_LIMIT)) as link:
            link.request(method, path, body, dict(headers))
            answer = link.getresponse()
            content = answer.read()
        if answer.status not in codes:
            raise ToolError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return answer.status, dict(answer.headers), content


def _ask(client: _Client, recording: Path) -> None:
    for path in _page_files():
        client.get(path)
    client.get("/no-such-file.js", expected=404)
    for path in ("/v1/models", "/v1/models/tiny.en", "/health", "/metrics", "/openapi.json"):
        client.get(path)
    for path in ("state", "doctor", "jobs", "models", "options", "defaults"):
        client.get(f"/api/{path}")
    for wanted in ("json", "text", "srt", "vtt", "verbose_json"):
        fields = {"response_format": wanted, "timestamp_granularities[]": "word"}
        client.post_form("/v1/audio/transcriptions", recording, fields)
    client.post_form("/v1/audio/transcriptions", recording, {"stream": "true"})
    client.post_form("/v1/audio/transcriptions", recording, {"response_format": "pdf"}, 400)
    client.post_form("/v1/audio/transcriptions", Path(__file__), {}, 400)
    _ask_about_a_job(client, recording)
    client.send("PUT", "/api/defaults", {"options": {"beam_size": 5}})
    client.send("PUT", "/api/defaults", {"options": {}})


def _ask_about_a_job(client: _Client, recording: Path) -> None:
    created = json.loads(client.post_form("/api/jobs", recording, {"options": "{}"}, 201))
    path = f"/api/jobs/{created['jobs'][0]['id']}"
    _wait(client, path)
    for name in ("peaks", "audio", "transcript"):
        client.get(f"{path}/{name}")
    segments = json.loads(client.get(f"{path}/transcript"))["segments"]
    client.send("PUT", f"{path}/transcript", {"segments": segments, "revision": 0})
    for name in FORMATS:
        client.get(f"{path}/export?format={name}")
    client.send("DELETE", f"{path}/transcript")
    client.send("POST", f"{path}/priority", {"priority": 1})
    passage = client.send("POST", f"{path}/passage", {"start": 0, "end": 3})
    _wait(client, f"/api/jobs/{passage['id']}")
    client.send("POST", f"{path}/again", {"options": {"word_timestamps": True}})
    client.send("POST", f"{path}/pause")
    client.send("POST", f"{path}/resume")
    client.send("POST", f"{path}/cancel")
    client.send("DELETE", path)
    client.send("POST", "/api/queue/pause")
    client.send("POST", "/api/queue/resume")


def _wait(client: _Client, path: str) -> None:
    """Wait until a job is done."""
    end = time.monotonic() + _LIMIT
    while (job := json.loads(client.get(path)))["state"] != "done":
        if job["state"] == "failed" or time.monotonic() > end:
            raise ToolError(f"the job of the service ended so: {job}")
        time.sleep(0.1)


def _page_files() -> Iterator[str]:
    """Yield the addresses of the page and of its files."""
    yield "/"
    for path in sorted(PAGE.rglob("*")):
        if path.is_file() and path.suffix not in {".py", ".pyc"}:
            yield f"/{path.relative_to(PAGE)}"
