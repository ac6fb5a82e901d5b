"""What goes over the line: a line of JSON, then data in JSON, then bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any

_VERSION = "1.10.2"
"""The version of the protocol's own package that this was held against."""

_HEAD_BYTES = 1 << 16
"""Of a line: it holds a name and three numbers."""

_MOST_BYTES = 1 << 20
"""Of data or a payload: clients send some thousand bytes of sound at a time."""


class ProtocolError(Exception):
    """The client says what is no event."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """An event.

    Attributes
    ----------
    kind : str
        Its type.
    data : mapping
        What JSON can express.
    payload : bytes
        Sound.
    """

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


def read_event(stream: IO[bytes]) -> Event | None:
    r"""Return the next event; None at the end of the stream.

    Raises
    ------
    ProtocolError
        When it is none, or too long.

    Examples
    --------
    >>> import io
    >>> read_event(io.BytesIO(b'{"type": "ping", "data_length": 13}\n{"text": "a"}')).data
    {'text': 'a'}
    """
    line = stream.readline(_HEAD_BYTES)
    if not line:
        return None
    head = _object(line)
    kind = head.get("type")
    if not line.endswith(b"\n") or not isinstance(kind, str):
        raise ProtocolError("a line with the type of an event is missing")
    data = head.get("data", {})
    more = _bytes(stream, head.get("data_length"))
    if not isinstance(data, dict):
        raise ProtocolError("the data of an event are no object")
    return Event(
        kind=kind,
        data={**data, **(_object(more) if more else {})},
        payload=_bytes(stream, head.get("payload_length")),
    )


def encoded(event: Event) -> bytes:
    r"""Return an event as it is sent.

    Examples
    --------
    >>> encoded(Event(kind="pong"))
    b'{"type": "pong", "version": "1.10.2"}\n'
    """
    head: dict[str, Any] = {"type": event.kind, "version": _VERSION}
    data = json.dumps(event.data).encode() if event.data else b""
    if data:
        head["data_length"] = len(data)
    if event.payload:
        head["payload_length"] = len(event.payload)
    return json.dumps(head).encode() + b"\n" + data + event.payload


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProtocolError("an event is no object in JSON")
    return found


def _bytes(stream: IO[bytes], length: object) -> bytes:
    """Return so many bytes of a stream, whose length an event tells."""
    if length is None:
        return b""
    if not isinstance(length, int) or not 0 <= length <= _MOST_BYTES:
        raise ProtocolError("an event has a length that makes no sense")
    content = stream.read(length)
    if len(content) < length:
        raise ProtocolError("an event ends early")
    return content
