"""Conversations over WebSocket (RFC 6455), by wsproto."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto import events as ws
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from transcriber.service.http.errors import HttpError
from transcriber.service.http.limits import MIB
from transcriber.service.http.request import Request
from transcriber.service.http.wire import Disconnected, Wire

MESSAGE_BYTES = 16 * MIB
"""Of one message. Three minutes of 24 kHz audio in base64, which nobody sends at once."""

PING_SECONDS = 20.0
"""Of quiet until a ping, and from there until a client that does not answer is gone. Proxies cut
quiet connections at 30 to 60 s."""

_TICK_SECONDS = 1.0
"""How long a quiet `WebSocket.receive` takes to see that the server stops."""


@dataclass(frozen=True)
class Upgrade:
    """What a handler returns in place of a response to go on over WebSocket.

    Parameters
    ----------
    handler : Callable[[WebSocket], None]
        Leads the conversation; when it returns, the connection is closed.
    message_bytes : int, optional
        The most bytes that a message of the client may have.
    ping_seconds : float, optional
        How long the client may be quiet until it is asked whether it is there.
    subprotocols : Sequence[str], optional
        What the server speaks. The first of the client's that is among them is agreed on;
        browsers that ask for one and get none give up.
    """

    handler: Callable[[WebSocket], None]
    message_bytes: int = MESSAGE_BYTES
    ping_seconds: float = PING_SECONDS
    subprotocols: Sequence[str] = ()


class WebSocket:
    """One conversation. One thread receives; any thread may send or close.

    Parameters
    ----------
    wire : Wire
        The connection.
    upgrade : Upgrade
        What the handler wants.
    stopping : Callable[[], bool]
        Whether the server is about to stop.
    """

    def __init__(self, wire: Wire, upgrade: Upgrade, stopping: Callable[[], bool]) -> None:
        self.subprotocol: str | None = None
        self._wire = wire
        self._upgrade = upgrade
        self._stopping = stopping
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._lock = threading.RLock()
        self._message = bytearray()
        self._closed = False
        self._heard = self._pinged = time.monotonic()

    @property
    def closed(self) -> bool:
        """Whether the conversation has ended, from either side."""
        return self._closed

    def accept(self, request: Request, early: bytes) -> None:
        """Answer the handshake.

        Parameters
        ----------
        request : Request
            The request that asks for the conversation.
        early : bytes
            What the client has sent behind its head.

        Raises
        ------
        HttpError
            400 or 426 when it is no handshake, or one of another version.
        """
        if "upgrade" not in request.headers:
            headers = (("Upgrade", "websocket"),)
            raise HttpError(426, "this address speaks WebSocket", headers=headers)
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in request.headers.pairs]
        try:
            self._protocol.initiate_upgrade_connection(pairs, "/")
            asked = next(event for event in self._protocol.events())
        except RemoteProtocolError as error:
            hint = error.event_hint
            status = hint.status_code if isinstance(hint, ws.RejectConnection) else 400
            headers = (("Sec-WebSocket-Version", "13"),)
            raise HttpError(status, str(error), headers=headers) from None
        except ValueError:
            raise HttpError(400, "the host of the handshake is no host") from None
        offered = asked.subprotocols if isinstance(asked, ws.Request) else []
        known = self._upgrade.subprotocols
        self.subprotocol = next((name for name in offered if name in known), None)
        # No extension is agreed on: compressed audio takes time and saves nothing.
        self._send(ws.AcceptConnection(subprotocol=self.subprotocol))
        if early:
            self._protocol.receive_data(early)

    def receive(self, timeout: float | None = None) -> str | bytes | None:
        """Return the next message; None when the conversation has ended.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait for it; by default as long as the client is there.

        Raises
        ------
        TimeoutError
            When no whole message came in time. What came of it is kept.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        looked = False
        while not self._closed:
            message = self._buffered()
            if message is not None:
                return message
            left = deadline - time.monotonic()
            if left <= 0 and looked:
                raise TimeoutError
            if self._stopping():
                self.close(CloseReason.GOING_AWAY, "the server stops")
            elif not self._closed:
                self._take_in(min(_TICK_SECONDS, self._upgrade.ping_seconds, max(0.0, left)))
                looked = True
        return None

    def send_text(self, text: str) -> None:
        """Send a message of text.

        Raises
        ------
        Disconnected
            When the conversation has ended. A handler may let it through.
        """
        self._send(ws.TextMessage(data=text))

    def send_bytes(self, content: bytes) -> None:
        """Send a message of bytes; `send_text` has the errors."""
        self._send(ws.BytesMessage(data=content))

    def close(self, code: int = CloseReason.NORMAL_CLOSURE, reason: str = "") -> None:
        """End the conversation; no more than that when it has ended already.

        Parameters
        ----------
        code : int, optional
            Why, as RFC 6455 (7.4) and its registry number it.
        reason : str, optional
            The same in words; wsproto cuts it at 123 bytes.
        """
        with self._lock:
            if not self._closed:
                self._answer(ws.CloseConnection(code=code, reason=reason))
                self._closed = True

    def _send(self, event: ws.Event) -> None:
        with self._lock:
            if self._closed:
                raise Disconnected
            try:
                self._wire.send(self._protocol.send(event))
            except LocalProtocolError as error:
                self._closed = True
                raise Disconnected from error
            except Disconnected:
                self._closed = True
                raise

    def _take_in(self, seconds: float) -> None:
        """Wait for bytes, and ask a client that is quiet whether it is there."""
        try:
            content = self._wire.receive(seconds)
        except TimeoutError:
            self._look_after()
            return
        except Disconnected:
            content = b""
        if not content:
            self._closed = True
            return
        self._heard = time.monotonic()
        with self._lock:
            self._protocol.receive_data(content)

    def _look_after(self) -> None:
        now, interval = time.monotonic(), self._upgrade.ping_seconds
        if self._pinged > self._heard:
            self._closed = now - self._pinged > interval
        elif now - self._heard > interval:
            self._pinged = now
            self._answer(ws.Ping())

    def _buffered(self) -> str | bytes | None:
        """Return the next message of what has come already, and answer what is no message."""
        with self._lock:
            for event in self._protocol.events():
                if isinstance(event, ws.Ping):
                    self._answer(event.response())
                elif isinstance(event, ws.CloseConnection):
                    self._answer(event.response())
                    self._closed = True
                elif isinstance(event, (ws.TextMessage, ws.BytesMessage)):
                    message = self._join(event)
                    if message is not None:
                        return message
                if self._closed:
                    break
        return None

    def _answer(self, event: ws.Event) -> None:
        """Send what the handler does not know of; that the client has left shows by itself."""
        with contextlib.suppress(Disconnected):
            self._send(event)

    def _join(self, event: ws.Message[Any]) -> str | bytes | None:
        """Add a fragment to the message, and return the message when it is whole."""
        text = isinstance(event, ws.TextMessage)
        self._message += event.data.encode() if text else event.data
        if len(self._message) > self._upgrade.message_bytes:
            self._message.clear()
            self.close(CloseReason.MESSAGE_TOO_BIG, "the message is too big")
            return None
        if not event.message_finished:
            return None
        content = bytes(self._message)
        self._message.clear()
        return content.decode() if text else content
