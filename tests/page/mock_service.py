"""A stand-in for the service: the contract of /api over real transcripts, to look at the page.

``PYTHONPATH=tests python -m page.mock_service --port 8123`` serves jobs in all states. It decodes
nothing: segments come from ``transcripts.json``, at ``--pace`` times the speed of speech.
"""

from __future__ import annotations

import argparse
import json
import queue
import re
import threading
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from page.mock_data import FORMATS, MODELS, OPTIONS, Json
from page.mock_job_answers import JobAnswers
from page.mock_jobs import Service
from page.mock_live import LiveAnswers


class Handler(JobAnswers, LiveAnswers):
    """One request."""

    def handle_one(self) -> None:
        """Find what was asked for."""
        address = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(address.query).items()}
        data = self.body() if self.command in {"POST", "PUT", "PATCH", "DELETE"} else b""
        for method, pattern, handler in ROUTES:
            found = re.fullmatch(pattern, address.path)
            if found and method == self.command:
                with self.service.lock if method != "GET" else threading.Lock():
                    if (
                        found.groups()
                        and pattern.startswith("/api/jobs")
                        and found[1] not in self.service.jobs
                    ):
                        self.fail(404, "This recording is no longer in the list.")
                        return
                    handler(self, data, *found.groups())
                return
        if self.command == "GET" and not address.path.startswith("/api/"):
            self.static(address.path)
        else:
            self.fail(404, f"Nothing is at {address.path}.")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 -- names of http.server

    def events(self, _: bytes) -> None:
        """Stream the events until the page leaves."""
        own: queue.Queue[tuple[str, Json]] = queue.Queue()
        self.service.listeners.append(own)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(b": hello\n\n")
            while True:
                try:
                    name, data = own.get(timeout=1)
                    self.wfile.write(f"event: {name}\ndata: {json.dumps(data)}\n\n".encode())
                except queue.Empty:
                    self.wfile.write(b": tick\n\n")
                self.wfile.flush()
        except OSError:
            self.service.listeners.remove(own)

    def state(self, _: bytes) -> None:
        """Answer /api/state."""
        self.json(
            {
                "version": "0.1.0",
                "paused": self.service.paused,
                "decoding": any(job["state"] == "running" for job in self.service.jobs.values()),
                "model": self.service.model,
                "languages": {
                    "en": "english",
                    "de": "german",
                    "fr": "french",
                    "es": "spanish",
                    "ar": "arabic",
                    "ja": "japanese",
                },
                "formats": {
                    name: {"media_type": "text/plain", "help": text}
                    for name, text in FORMATS.items()
                },
                "free_bytes": 52_000_000_000,
            }
        )

    def models(self, _: bytes) -> None:
        """Answer /api/models."""
        self.json(
            {
                "folder": "/home/ada/.cache/whisper",
                "default": self.service.model,
                "models": [
                    {
                        "name": name,
                        "parameters": parameters,
                        "bytes": size,
                        "memory_bytes": memory << 20,
                        "languages": languages,
                        "stored": name in self.service.stored,
                        "fetching": name in self.service.fetching,
                        "official": True,
                    }
                    for name, parameters, size, memory, languages, _ in MODELS
                ],
            }
        )

    def fetch_model(self, _: bytes, name: str) -> None:
        """Begin a download."""
        threading.Thread(target=self.service.fetch, args=(name,), daemon=True).start()
        self.json({}, 202)

    def remove_model(self, _: bytes, name: str) -> None:
        """Remove a model, or stop its download."""
        self.service.fetching.discard(name)
        self.service.stored.discard(name)
        self.answer(204)
        self.service.tell(
            "model", {"name": name, "done": 0, "total": 0, "state": "removed", "error": None}
        )

    def default_model(self, data: bytes) -> None:
        """Choose a model."""
        self.service.model = json.loads(data)["name"]
        self.json({})

    def import_model(self, _: bytes) -> None:
        """Refuse, as for a damaged file."""
        self.fail(
            400, "This is no checkpoint of Whisper. Choose a .pt file that openai-whisper reads."
        )

    def defaults(self, data: bytes) -> None:
        """Read or keep the user's defaults."""
        if self.command == "PUT":
            self.service.defaults = json.loads(data)["options"]
        self.json({"options": self.service.defaults})

    def doctor(self, _: bytes) -> None:
        """Answer /api/doctor."""
        self.json(
            {
                "sections": [
                    {
                        "title": "Machine",
                        "findings": [
                            {
                                "level": "ok",
                                "text": "Processor with AVX-512 and VNNI, 8 threads",
                                "remedy": None,
                            },
                            {
                                "level": "note",
                                "text": "No GPU was found",
                                "remedy": "On a machine with one: transcriber cuda fetch",
                            },
                        ],
                    },
                    {
                        "title": "Models",
                        "findings": [
                            {"level": "ok", "text": "base is stored and whole", "remedy": None},
                            {
                                "level": "problem",
                                "text": "The packed weights of tiny.en are damaged",
                                "remedy": "They are made anew at the next start.",
                            },
                        ],
                    },
                ]
            }
        )

    def queue_turn(self, _: bytes, verb: str) -> None:
        """Pause or resume all."""
        self.service.paused = verb == "pause"
        self.json({"paused": self.service.paused})
        self.service.tell("queue", {"paused": self.service.paused})


JOB = r"/api/jobs/(\w+)"
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/api/state", Handler.state),
    ("GET", "/api/jobs", lambda self, _: self.json({"jobs": list(self.service.jobs.values())})),
    ("POST", "/api/jobs", Handler.upload),
    ("GET", JOB, lambda self, _, job: self.json(self.service.jobs[job])),
    ("DELETE", JOB, Handler.remove),
    ("POST", JOB + "/(cancel|pause|resume)", Handler.turn),
    ("POST", JOB + "/again", Handler.again),
    ("POST", JOB + "/priority", Handler.priority),
    ("POST", "/api/queue/(pause|resume)", Handler.queue_turn),
    ("GET", "/api/events", Handler.events),
    ("GET", "/api/live", Handler.live),
    (
        "GET",
        JOB + "/transcript",
        lambda self, _, job: self.json(self.service.transcript(self.service.jobs[job])),
    ),
    ("PUT", JOB + "/transcript", Handler.save),
    ("PATCH", JOB + "/transcript", Handler.save),
    ("DELETE", JOB + "/transcript", Handler.revert),
    ("POST", JOB + "/passage", Handler.passage),
    ("GET", JOB + "/audio", Handler.audio),
    ("GET", JOB + "/peaks", Handler.peaks),
    ("GET", JOB + "/export", Handler.export),
    ("GET", "/api/export", Handler.export_several),
    ("GET", "/api/models", Handler.models),
    ("POST", "/api/models/default", Handler.default_model),
    ("POST", "/api/models/import", Handler.import_model),
    ("POST", "/api/models/([^/]+)/fetch", Handler.fetch_model),
    ("DELETE", "/api/models/([^/]+)", Handler.remove_model),
    ("GET", "/api/options", lambda self, _: self.json({"groups": OPTIONS})),
    ("GET", "/api/defaults", Handler.defaults),
    ("PUT", "/api/defaults", Handler.defaults),
    ("GET", "/api/doctor", Handler.doctor),
]


class Server(ThreadingHTTPServer):
    """A server that does not wait for the event streams when it ends."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A page that left is no news."""


def fill(service: Service, long: int) -> None:
    """Put jobs of all states into the list."""
    service.add("Sense and Sensibility, chapter 1.wav", "en", 74.0, "done")
    service.add(
        "Simplicissimus.mp3", "de", 68.0, "done", notes=["The last 2 s of the file are missing."]
    )
    service.add(
        "Interview with Dr. Ådahl (second attempt).m4a",
        "en",
        1830.0,
        "failed",
        error={
            "code": 4,
            "message": "Not enough memory for large-v3.",
            "remedy": "Choose a smaller model, or close other programs.",
        },
    )
    service.add("Voice memo 0042.ogg", "en", 1200.0, "cancelled")
    if long:
        service.add(f"Hearing of {long} segments.flac", "en", long * 5.6, "done")


def serve(port: int, pace: float, *, long: int = 0, empty: bool = False, more: int = 0) -> Server:
    """Return a server that listens; its jobs are being worked at."""
    service = Service(pace)
    if not empty:
        fill(service, long)
    for number in range(more):
        service.add(f"Meeting {number + 1}.mp3", "en", 600.0 + 60 * number)
    handler = type("Bound", (Handler,), {"service": service})
    server = Server(("127.0.0.1", port), handler)
    threading.Thread(target=service.work, daemon=True).start()
    return server


def main() -> None:
    """Serve until it is killed; the port is the first line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace", type=float, default=8.0, help="times the speed of speech")
    parser.add_argument("--long", type=int, default=0, help="a recording of about so many segments")
    parser.add_argument("--more", type=int, default=0, help="this many recordings that wait")
    parser.add_argument("--empty", action="store_true", help="no recordings")
    chosen = parser.parse_args()
    server = serve(chosen.port, chosen.pace, long=chosen.long, empty=chosen.empty, more=chosen.more)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
