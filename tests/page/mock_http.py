"""How the stand-in for the service answers."""

from __future__ import annotations

import json
import mimetypes
from http.server import BaseHTTPRequestHandler

from page.mock_jobs import Service
from page.page_source import PAGE

POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Answers(BaseHTTPRequestHandler):
    """Answers of each kind."""

    protocol_version = "HTTP/1.1"
    service: Service
    query: dict[str, str]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def answer(
        self, status: int, body: bytes = b"", media_type: str = "application/json", **headers: str
    ) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def json(self, value: object, status: int = 200) -> None:
        """Send JSON."""
        self.answer(status, json.dumps(value).encode())

    def fail(self, status: int, message: str) -> None:
        """Send an error."""
        self.json(
            {
                "error": {
                    "message": message,
                    "type": "invalid_request_error",
                    "param": None,
                    "code": None,
                }
            },
            status,
        )

    def body(self) -> bytes:
        """Read what the page sent."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def static(self, path: str) -> None:
        """Send a file of the page."""
        file = (PAGE / path.lstrip("/")).resolve()
        if file == PAGE:
            file = PAGE / "index.html"
        if PAGE not in file.parents or not file.is_file():
            self.fail(404, f"Nothing is at {path}.")
            return
        media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        self.answer(200, file.read_bytes(), media_type)
