"""A server on a loopback address for the tests, and clients that behave or do not."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transcriber.service.http.gate import Access, Gate, GateSettings, loopback_hosts
from transcriber.service.http.limits import Limits
from transcriber.service.http.listeners import open_listener
from transcriber.service.http.response import Response, text_response
from transcriber.service.http.routes import Handler, Route, Router
from transcriber.service.http.server import Server

PATIENCE = 10.0
"""Seconds after which a client gives up."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass
class Served:
    """A running server."""

    server: Server
    gate: Gate
    port: int
    lines: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def head(self, method: str, path: str, *headers: str) -> bytes:
        """Return the bytes of a head with a right Host."""
        lines = (f"{method} {path} HTTP/1.1", f"Host: {self.host}", *headers, "", "")
        return "\r\n".join(lines).encode("latin-1")

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> Answer:
        """Ask over a connection of its own; underscores in names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with contextlib.closing(client):
            client.request(method, path, body, named)
            response = client.getresponse()
            return Answer(response.status, response.headers, response.read())

    def raw(self, content: bytes, *, half_close: bool = False) -> bytes:
        """Send bytes and return what comes until the server closes the connection."""
        with self.connect() as client:
            client.sendall(content)
            if half_close:
                client.shutdown(socket.SHUT_WR)
            return read_all(client)


@contextlib.contextmanager
def serving(
    application: Router | Handler | Sequence[Route],
    *,
    limits: Limits | None = None,
    settings: Callable[[int], GateSettings] = lambda port: GateSettings(
        allowed_hosts=loopback_hosts(port)
    ),
    listeners: Sequence[socket.socket] = (),
) -> Iterator[Served]:
    """Run a server in a thread for the time of the block."""
    if isinstance(application, Sequence):
        application = Router(application)
    listener = open_listener("127.0.0.1", 0)
    port = listener.getsockname()[1]
    gate = Gate(settings(port))
    lines: list[str] = []
    server = Server(
        application,
        gate=gate,
        listeners=(listener, *listeners),
        log=lines.append,
        limits=limits or Limits(),
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Served(server, gate, port, lines)
    finally:
        server.stop(0)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def opened(handler: Handler, method: str = "GET", pattern: str = "/") -> list[Route]:
    """Return a route that everybody may use."""
    return [Route(method, pattern, handler, Access.OPEN)]


def hello(_: object) -> Response:
    return text_response("hello")


def read_all(client: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    pieces = []
    while piece := client.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def read_until(client: socket.socket, end: bytes) -> bytes:
    """Return what comes until `end` is among it."""
    content = b""
    while end not in content:
        piece = client.recv(65536)
        assert piece, content
        content += piece
    return content


def statuses(content: bytes) -> list[int]:
    """Return the statuses of the answers in `content`."""
    return [int(part[:3]) for part in content.split(b"HTTP/1.1 ")[1:]]


def until(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    """Wait for `condition`, and return whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident_bytes() -> int:
    """Return the memory that this process has at the moment."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
