"""The files of the page: read from the program itself, and checked by browsers each time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable

from transcriber.service.http.errors import HttpError
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response

_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}
"""Of what may be asked for, by the ending; nothing else is given away."""

POLICY = "; ".join(
    (
        # Nothing from elsewhere, and nothing that is written into the page.
        "default-src 'self'",
        "img-src 'self' data:",
        # What is recorded or made in the page itself.
        "media-src 'self' blob:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "object-src 'none'",
    )
)

HEADERS = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)


@dataclass(frozen=True, kw_only=True)
class PageFiles:
    """Answers with the page's files.

    Attributes
    ----------
    opened : callable
        Is called when a browser has got in.
    """

    opened: Callable[[], object]
    _root: Traversable = field(default_factory=lambda: resources.files("transcriber.page"))

    def start(self, request: Request) -> Response:
        """Answer with the page."""
        self.opened()
        return self._file(request, "index.html")

    def one(self, request: Request) -> Response:
        """Answer with the file that the address names."""
        return self._file(request, request.parameters["file"])

    def _file(self, request: Request, name: str) -> Response:
        ending = name.rpartition(".")[2]
        # The route lets no name climb.
        path = self._root.joinpath(*name.split("/"))
        if ending not in _MEDIA_TYPES or not path.is_file():
            raise HttpError(404, "the page has no such file")
        content = path.read_bytes()
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        headers = (*HEADERS, ("ETag", tag), ("Cache-Control", "no-cache"))
        if request.headers.get("if-none-match") == tag:
            return Response(304, headers)
        return Response(200, (*headers, ("Content-Type", _MEDIA_TYPES[ending])), content)
