"""How the program and a Python of the system talk: lines of JSON over the child's pipes.

The parent asks, one thing at a time: ``{"id": 1, "do": "load", ...}``. Where ``payload`` names a
number, as many bytes follow the line: samples and spectrograms are no text. The child answers
with ``{"id": 1, "result": ...}`` or ``{"id": 1, "error": {"kind": ..., ...}}`` and, while it
works, with ``{"alive": true}`` every few seconds. The first line, before any request, brings the
sources that the child runs (`transcriber.other_pythons.bootstrap`).

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

VERSION = 1
"""Of the protocol. It counts up when an old child would misunderstand a new parent."""

ALIVE_SECONDS = 2.0
"""How often a child that works says so."""


def pack(message: Mapping[str, Any], payload: bytes = b"") -> bytes:
    """Return a message as its line, with the payload behind it."""
    whole = {**message, "payload": len(payload)} if payload else message
    return json.dumps(whole, default=_plain).encode() + b"\n" + payload


def read(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read a message and its payload; None at the end of the stream.

    Raises
    ------
    ValueError
        When the line is no message.
    """
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    message = parse(line)
    return message, stream.read(message.get("payload", 0))


def parse(line: bytes) -> dict[str, Any]:
    """Return the message on a line.

    Raises
    ------
    ValueError
        When it is none.
    """
    try:
        message = json.loads(line)
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if not isinstance(message, dict):
        raise ValueError("not an object")
    return message


def _plain(value: Any) -> Any:
    """Return a number of numpy's as one of Python's."""
    return value.item()
