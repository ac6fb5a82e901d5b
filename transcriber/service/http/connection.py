"""One connection of a client: requests after each other, by h11."""

from __future__ import annotations

import contextlib
import enum
import time
from collections.abc import Callable

import h11

from transcriber.service.http.access_log import access_line, defect_line
from transcriber.service.http.errors import HttpError
from transcriber.service.http.head import check_head, head_too_long, read_head, target_too_long
from transcriber.service.http.limits import Limits
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, error_response
from transcriber.service.http.routes import Answer
from transcriber.service.http.sending import Sender
from transcriber.service.http.websocket import Upgrade, WebSocket
from transcriber.service.http.wire import Disconnected, Wire

_DEFECT = 1011
"""The code with which a WebSocket ends after a defect (RFC 6455, 7.4.1)."""


class Next(enum.Enum):
    """What becomes of a connection after an answer."""

    WAIT = "wait"
    """It waits for another request."""
    LINGER = "linger"
    """It is closed when the client has taken the answer."""
    CLOSE = "close"
    """It is closed at once."""


class Connection:
    """One connection. It belongs to one thread at a time.

    Parameters
    ----------
    wire : Wire
        Its socket.
    limits : Limits
        What the client may take.
    stopping : Callable[[], bool]
        Whether the server is about to stop.
    log : Callable[[str], None]
        Gets a line for each request, and for each defect.
    """

    def __init__(
        self,
        wire: Wire,
        limits: Limits,
        stopping: Callable[[], bool],
        log: Callable[[str], None],
    ) -> None:
        self.wire = wire
        self.drained = 0
        """Bytes that were discarded while it lingered."""
        self.begun = False
        """Whether a part of a head has come."""
        self._limits = limits
        self._stopping = stopping
        self._log = log
        self._protocol = h11.Connection(h11.SERVER, limits.head_bytes)
        self._sender = Sender(self._protocol, wire, stopping)
        self._received = 0
        self._body_deadline: float | None = None
        self._body_failed = False

    def feed(self) -> h11.Request | None:
        """Read what has come, without waiting, and return the head when it is whole.

        Raises
        ------
        Disconnected
            When the client has left.
        HttpError
            When it is no head, or one past a limit; `refuse` is to follow.
        """
        try:
            content = self.wire.receive(0)
        except TimeoutError:
            return None
        if not content:
            raise Disconnected
        self._protocol.receive_data(content)
        self.begun = True
        return self._head()

    def refuse(self, error: HttpError) -> None:
        """Answer what never became a request, as far as that goes without waiting."""
        with contextlib.suppress(h11.LocalProtocolError):
            response = error_response(error)
            self.wire.offer(self._sender.serialized(response, bodiless=False, last=True))
        self._log(access_line(self.wire.client, "-", "-", (error.status, 0, 0)))

    def exchange(
        self, head: h11.Request, answer: Callable[[Request], Answer]
    ) -> h11.Request | Next:
        """Answer a request.

        Parameters
        ----------
        head : h11.Request
            What `feed` or this has returned.
        answer : Callable[[Request], Answer]
            Knows the answer, and raises nothing.

        Returns
        -------
        h11.Request | Next
            The next head, when the client has sent it already.
        """
        started = time.monotonic()
        self._received = 0
        self._body_deadline = None
        request = Request(str(head.method, "ascii"), "/", client=self.wire.client)
        try:
            request = read_head(head, self.wire.client, self._body, self.wire.gone)
            answered = answer(request)
            if isinstance(answered, Upgrade):
                return self._converse(answered, request, started)
        except HttpError as error:
            answered = error_response(error)
        except Disconnected:
            return Next.CLOSE
        last = self._is_last(request)
        if not self._send(request, answered, last=last, started=started):
            return Next.CLOSE
        return Next.LINGER if last else self._go_on(request)

    def _head(self) -> h11.Request | None:
        """Return the head that is in the buffer."""
        try:
            event = self._protocol.next_event()
        except h11.RemoteProtocolError as error:
            if error.error_status_hint != 431:
                raise HttpError(error.error_status_hint, "the request breaks HTTP/1.1") from None
            first_line_ended = b"\n" in self._protocol.trailing_data[0]
            too_long = head_too_long if first_line_ended else target_too_long
            raise too_long(self._limits) from None
        if not isinstance(event, h11.Request):
            return None
        check_head(event, self._limits)
        return event

    def _body(self) -> bytes:
        """Return the next bytes of the body, as `Body` has it."""
        while not self._body_failed:
            # Behind the end, h11 would wait for the next request, or for the end of all.
            if self._protocol.their_state is not h11.SEND_BODY:
                return b""
            try:
                event = self._protocol.next_event()
            except h11.RemoteProtocolError:
                break
            if isinstance(event, h11.Data):
                self._received += len(event.data)
                return bytes(event.data)
            if event is not h11.NEED_DATA:
                continue
            try:
                self._protocol.receive_data(self._more())
            except Disconnected:
                break
        self._body_failed = True
        raise HttpError(400, "the body ends early or breaks HTTP/1.1")

    def _more(self) -> bytes:
        if self._protocol.they_are_waiting_for_100_continue:
            go_on = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
            self.wire.send(self._protocol.send(go_on) or b"")
        seconds = self._limits.body_seconds
        if self._body_deadline is not None:
            seconds = min(seconds, self._body_deadline - time.monotonic())
        try:
            return self.wire.receive(seconds)
        except TimeoutError:
            self._body_failed = True
            raise HttpError(408, "nothing more of the body came") from None

    def _is_last(self, request: Request) -> bool:
        """Return whether the connection cannot go on after the answer to `request`."""
        if self._body_failed or self._stopping():
            return True
        if self._protocol.their_state is not h11.SEND_BODY:
            return False
        length = request.body.length
        # A client that waits for 100 may send the body all the same, or never.
        waits = self._protocol.they_are_waiting_for_100_continue and length != 0
        left = 0 if length is None else length - self._received
        return waits or left > self._limits.drain_bytes

    def _send(self, request: Request, response: Response, *, last: bool, started: float) -> bool:
        """Send the answer, and return whether the client has all of it."""
        try:
            return self._sender.send(response, bodiless=request.method == "HEAD", last=last)
        except Exception as error:
            # The status has been sent; that the body is not whole is all that can be told.
            self._report(request, error)
            return False
        finally:
            self._note(request, response.status, self._sender.sent, started)

    def _go_on(self, request: Request) -> h11.Request | Next:
        """Read what is left of the body, and the next head if that has come."""
        self._body_deadline = time.monotonic() + self._limits.linger_seconds
        try:
            if not request.body.drain(self._limits.drain_bytes):
                return Next.LINGER
            # It refuses where client or server do not keep the connection: HTTP/1.0, for one.
            self._protocol.start_next_cycle()
        except (HttpError, Disconnected, h11.LocalProtocolError):
            return Next.LINGER
        self.begun = bool(self._protocol.trailing_data[0])
        try:
            return self._head() or Next.WAIT
        except HttpError as error:
            self.refuse(error)
            return Next.LINGER

    def _converse(self, upgrade: Upgrade, request: Request, started: float) -> Next:
        """Go on over WebSocket until one side ends it."""
        if request.body.length != 0:
            raise HttpError(400, "the handshake of a WebSocket has no body")
        socket = WebSocket(self.wire, upgrade, self._stopping)
        socket.accept(request, self._protocol.trailing_data[0])
        try:
            upgrade.handler(socket)
            socket.close()
        except Disconnected:
            pass
        except Exception as error:
            self._report(request, error)
            socket.close(_DEFECT, "the server has a defect")
        self._note(request, 101, 0, started)
        return Next.LINGER

    def _note(self, request: Request, status: int, sent: int, started: float) -> None:
        outcome = (status, sent, time.monotonic() - started)
        self._log(access_line(request.client, request.method, request.loggable, outcome))

    def _report(self, request: Request, error: Exception) -> None:
        self._log(defect_line(request.client, request.method, request.loggable, error))
