"""A real HTTP server on this machine that makes the mistakes it is told to make."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from transcriber.models.registry import Dimensions, OfficialModel

Handler = BaseHTTPRequestHandler
Answer = Callable[[Handler], None]
"""Answers one request."""

BLOCK = 16384


def random_content(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def model_of(content: bytes, address: str, name: str = "test") -> OfficialModel:
    """Describe `content` as if it were one of OpenAI's files."""
    return OfficialModel(
        name=name,
        aliases=(f"{name}-alias",),
        address=address,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        dimensions=Dimensions(
            mels=80, vocabulary=51865, state=384, heads=6, encoder_layers=4, decoder_layers=4
        ),
    )


@dataclass
class Request:
    path: str
    headers: dict[str, str]

    @property
    def start(self) -> int | None:
        """The first byte that is asked for, or None where the whole file is."""
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(match[1]) if match else None


@dataclass
class FaultServer:
    """Answers the first requests with `script`, one after the other, and all others as `then`."""

    then: Answer
    script: list[Answer] = field(default_factory=list)
    context: ssl.SSLContext | None = None
    wanted_port: int = 0
    requests: list[Request] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def running(self) -> Iterator[FaultServer]:
        server = _Server(self)
        if self.context is not None:
            server.socket = self.context.wrap_socket(server.socket, server_side=True)
        self.port: int = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)

    @property
    def address(self) -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://127.0.0.1:{self.port}/models/test.pt"

    def answer(self, handler: Handler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.requests.append(Request(handler.path, headers))
            answer = self.script.pop(0) if self.script else self.then
        with contextlib.suppress(OSError):
            answer(handler)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Eight processes connect at once.
    request_queue_size = 64

    def __init__(self, faults: FaultServer) -> None:
        class Handling(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.close_connection = True
                faults.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", faults.wanted_port), Handling)

    def handle_error(self, *_: Any) -> None:
        pass


def serve(
    content: bytes,
    *,
    etag: str | None = '"1"',
    modified: str | None = None,
    ranges: bool = True,
    stop_after: int | None = None,
    reset: bool = False,
    block: int = BLOCK,
    pause: float = 0.0,
    on_block: Callable[[int], None] = lambda sent: None,
    length: int | None = None,
    headers: Iterable[tuple[str, str]] = (),
    chunked: bool = False,
) -> Answer:
    """Serve `content` as a good server does, unless told otherwise.

    Parameters
    ----------
    stop_after : int
        Bytes of the body after which the connection ends, with a reset if `reset`.
    pause : float
        Seconds between two blocks.
    on_block : callable
        Told how many bytes of the body have been sent, before each block and at the end.
    length : int
        The Content-Length, in place of the right one; negative leaves it out.
    """

    def answer(handler: Handler) -> None:
        start = 0
        match = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        same = handler.headers.get("If-Range") in (etag, modified)
        if ranges and match and same:
            start = int(match[1])
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        else:
            handler.send_response(200)
        body = content[start:]
        if chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif length is None or length >= 0:
            handler.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (("ETag", etag), ("Last-Modified", modified), *headers):
            if value is not None:
                handler.send_header(name, value)
        handler.send_header("Connection", "close")
        handler.end_headers()
        sent = 0
        for position in range(0, len(body), block):
            on_block(sent)
            piece = body[position : position + block]
            if stop_after is not None:
                piece = piece[: stop_after - sent]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            sent += len(piece)
            if stop_after is not None and sent >= stop_after:
                on_block(sent)
                if reset:
                    reset_connection(handler)
                return
            time.sleep(pause)
        if chunked:
            handler.wfile.write(b"0\r\n\r\n")
        on_block(sent)

    return answer


def status(code: int, headers: Iterable[tuple[str, str]] = (), body: bytes = b"no") -> Answer:
    """Answer with a status and a short body."""

    def answer(handler: Handler) -> None:
        handler.send_response(code)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def raw(data: bytes, wait: float = 0.0) -> Answer:
    """Send bytes that need not be HTTP, then wait, then close."""

    def answer(handler: Handler) -> None:
        handler.wfile.write(data)
        handler.wfile.flush()
        time.sleep(wait)

    return answer


def reset_connection(handler: Handler) -> None:
    """Close the connection with a reset instead of a proper end."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # close() would leave the connection to the files that http.server made of it.
    os.close(handler.connection.detach())
