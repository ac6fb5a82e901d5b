"""What a handler answers: bytes at once, a file, or events while they come."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcriber.service.http.errors import HttpError
from transcriber.service.http.file_part import FilePart
from transcriber.service.http.ranges import Span, Unsatisfiable, holds, requested_span
from transcriber.service.http.request import Request
from transcriber.service.http.workers import resting

PING_SECONDS = 10.0
"""Between two signs of life on a quiet event stream. Proxies cut at 30 to 60 s."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True)
class Response:
    """One answer.

    Parameters
    ----------
    status : int
        200 to 599.
    headers : Sequence[tuple[str, str]]
        Names and values. ``Content-Length`` and the framing follow from the body.
    body : bytes | Iterable[bytes]
        The content, or pieces of it as they come. An empty piece is a tick: the connection then
        looks whether the client is still there. An iterable with a ``close`` method is closed
        when it is not needed any more, whatever has happened.

    Raises
    ------
    ValueError
        When a header holds a line break or another character that no header may have.
    """

    status: int = 200
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | Iterable[bytes] = b""

    def __post_init__(self) -> None:
        for name, value in self.headers:
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
                raise ValueError(f"{name!a}: {value!a} is no header")

    def header(self, name: str) -> str:
        """Return the value of the header `name`, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def close(self) -> None:
        """Let go of what the body holds."""
        close = getattr(self.body, "close", None)
        if close is not None:
            close()


@dataclass(frozen=True)
class Event:
    """One server-sent event.

    Parameters
    ----------
    name : str | None
        Its type; browsers take ``message`` for none.
    data : str
        Its content, of any number of lines.
    identifier : str | None
        What a browser sends as ``Last-Event-ID`` when it comes back.
    """

    name: str | None
    data: str
    identifier: str | None = None

    def __post_init__(self) -> None:
        for word in (self.name, self.identifier):
            if word is not None and any(character in word for character in "\r\n\0"):
                raise ValueError(f"{word!a} does not fit on a line of an event")


def json_response(
    value: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()
) -> Response:
    """Return `value` as JSON."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Half of a surrogate pair has no UTF-8; JSON has an escape for it.
    content_bytes = content.encode("utf-8", "backslashreplace")
    return Response(status, (("Content-Type", "application/json"), *headers), content_bytes)


def text_response(
    text: str,
    status: int = 200,
    media_type: str = "text/plain; charset=utf-8",
    headers: Sequence[tuple[str, str]] = (),
) -> Response:
    """Return `text` in UTF-8."""
    content = text.encode("utf-8", "replace")
    return Response(status, (("Content-Type", media_type), *headers), content)


def error_response(error: HttpError, *, plain: bool = False) -> Response:
    """Return an error as OpenAI's clients read it, or its message alone as `plain` text."""
    if plain:
        return text_response(error.message + "\n", error.status, headers=error.headers)
    return json_response(error.payload(), error.status, error.headers)


def no_content(headers: Sequence[tuple[str, str]] = ()) -> Response:
    """Return an answer without a body."""
    return Response(204, headers)


def file_response(
    path: Path, request: Request, media_type: str, *, cache: str = "no-cache"
) -> Response:
    """Return a file, or the part of it that `request` asks for.

    Parameters
    ----------
    path : Path
        A regular file that the client may see. The caller has made sure of that.
    request : Request
        Its ``Range``, ``If-Range`` and ``If-None-Match`` headers decide.
    media_type : str
        The value of ``Content-Type``.
    cache : str, optional
        The value of ``Cache-Control``. By default browsers keep the file, and ask each time
        whether it is still the same.

    Raises
    ------
    HttpError
        404 when there is no such file, 416 when the range lies behind its end.
    """
    try:
        part = FilePart(path)
    except OSError:
        raise HttpError(404, "there is no such file") from None
    try:
        headers = [("ETag", part.tag), ("Cache-Control", cache)]
        if holds(request.headers.get("if-none-match"), part.tag):
            part.close()
            return Response(304, headers)
        span = _span(request, part.size, part.tag)
        whole = span or Span(0, part.size - 1)
        part.choose(whole)
        headers += [
            ("Content-Type", media_type),
            ("Accept-Ranges", "bytes"),
            ("Content-Length", str(whole.length)),
        ]
        if span is not None:
            headers.append(("Content-Range", f"bytes {span.first}-{span.last}/{part.size}"))
        return Response(200 if span is None else 206, headers, part)
    except BaseException:
        part.close()
        raise


def event_stream(
    events: Iterable[Event | None], *, clock: Callable[[], float] = time.monotonic
) -> Response:
    """Return events as they come, as server-sent events.

    Parameters
    ----------
    events : Iterable[Event | None]
        The events. It yields None about once a second while there is none, so that it can be
        closed soon after the client has left.
    clock : Callable[[], float], optional
        Seconds; for tests.
    """
    headers = (
        ("Content-Type", "text/event-stream; charset=utf-8"),
        ("Cache-Control", "no-store"),
        # nginx would keep events back until its buffer is full.
        ("X-Accel-Buffering", "no"),
    )
    return Response(200, headers, _EventLines(events, clock))


class _EventLines:
    """Events as the lines that browsers read (HTML standard, 9.2)."""

    def __init__(self, events: Iterable[Event | None], clock: Callable[[], float]) -> None:
        self._source = events
        self._events = iter(events)
        self._clock = clock
        self._written = clock()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with resting():
            event = next(self._events)
        now = self._clock()
        if event is None and now - self._written < PING_SECONDS:
            return b""
        self._written = now
        return b": ping\n\n" if event is None else _lines(event)

    def close(self) -> None:
        # A generator is its own iterator; a queue that is iterated over need not be.
        for owner in {id(each): each for each in (self._events, self._source)}.values():
            close = getattr(owner, "close", None)
            if close is not None:
                close()


def _span(request: Request, size: int, tag: str) -> Span | None:
    """Return the part that is asked for; None for the whole file."""
    if request.method != "GET" or "range" not in request.headers:
        return None
    # A changed file must not be glued to an old half. Dates are too coarse to tell.
    if request.headers.get("if-range", tag) != tag:
        return None
    try:
        return requested_span(request.headers.get("range"), size)
    except Unsatisfiable:
        raise HttpError(
            416,
            f"the file has {size:,} bytes",
            headers=(("Content-Range", f"bytes */{size}"),),
        ) from None


def _lines(event: Event) -> bytes:
    lines = [f"event: {event.name}"] if event.name is not None else []
    if event.identifier is not None:
        lines.append(f"id: {event.identifier}")
    # Browsers end a line at each of the three, and at nothing else.
    lines += [f"data: {line}" for line in re.split("\r\n|\r|\n", event.data)]
    return ("\n".join(lines) + "\n\n").encode("utf-8", "replace")
