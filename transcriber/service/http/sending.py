"""Sending one answer, by h11: its head, and its body at once or as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus

import h11

from transcriber.service.http.response import Response
from transcriber.service.http.wire import Disconnected, Wire


class Sender:
    """Sends the answers of one connection.

    Parameters
    ----------
    protocol : h11.Connection
        The state of the connection.
    wire : Wire
        Its socket.
    stopping : Callable[[], bool]
        Whether the server is about to stop.
    """

    def __init__(self, protocol: h11.Connection, wire: Wire, stopping: Callable[[], bool]) -> None:
        self._protocol = protocol
        self._wire = wire
        self._stopping = stopping
        self.sent = 0
        """Bytes of the last answer's body."""

    def send(self, response: Response, *, bodiless: bool, last: bool) -> bool:
        """Send an answer, and return whether the client has all of it.

        Parameters
        ----------
        response : Response
            The answer. It is closed, whatever happens.
        bodiless : bool
            Whether the request was HEAD.
        last : bool
            Whether the connection is closed afterwards, which the client is told.

        Raises
        ------
        Exception
            What an iterable body raises.
        """
        self.sent = 0
        bodiless = bodiless or response.status in (204, 304)
        try:
            if isinstance(response.body, bytes):
                self._wire.send(self.serialized(response, bodiless=bodiless, last=last))
                self.sent = 0 if bodiless else len(response.body)
                return True
            self._wire.send(self._head(response, None, last=last))
            if not bodiless and not self._stream(response.body):
                return False
            self._wire.send(self._protocol.send(h11.EndOfMessage()) or b"")
            return True
        except (h11.LocalProtocolError, Disconnected):
            # A file that became shorter while it was sent is a violation, too.
            return False
        finally:
            response.close()

    def serialized(self, response: Response, *, bodiless: bool, last: bool) -> bytes:
        """Return the bytes of an answer whose body is bytes."""
        body = response.body if isinstance(response.body, bytes) else b""
        length = None if response.status in (204, 304) else len(body)
        content = self._head(response, length, last=last)
        if not bodiless:
            content += self._protocol.send(h11.Data(data=body)) or b""
        return content + (self._protocol.send(h11.EndOfMessage()) or b"")

    def _stream(self, body: Iterable[bytes]) -> bool:
        for piece in body:
            if piece:
                self._wire.send(self._protocol.send(h11.Data(data=piece)) or b"")
                self.sent += len(piece)
            elif self._wire.gone():
                return False
            elif self._stopping():
                return True
        return True

    def _head(self, response: Response, length: int | None, *, last: bool) -> bytes:
        headers = [(name, value.encode("latin-1")) for name, value in response.headers]
        headers.append(("Date", http_date(time.time()).encode()))
        if length is not None:
            headers.append(("Content-Length", str(length).encode()))
        if last:
            headers.append(("Connection", b"close"))
        head = h11.Response(
            status_code=response.status,
            headers=[(name.encode(), value) for name, value in headers],
            reason=_REASONS.get(response.status, b""),
        )
        return self._protocol.send(head) or b""


_REASONS = {status.value: status.phrase.encode() for status in HTTPStatus}


def http_date(seconds: float) -> str:
    """Return a time as RFC 9110 (5.6.7) writes it, whatever the language of this machine."""
    now = time.gmtime(seconds)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[now.tm_wday]
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * now.tm_mon - 3 : 3 * now.tm_mon]
    clock = f"{now.tm_hour:02}:{now.tm_min:02}:{now.tm_sec:02}"
    return f"{day}, {now.tm_mday:02} {month} {now.tm_year} {clock} GMT"
