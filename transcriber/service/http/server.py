"""The server: it accepts connections, watches the quiet ones and hands requests to threads."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import h11

from transcriber.service.http.access_log import one_line
from transcriber.service.http.connection import Connection, Next
from transcriber.service.http.dispatch import Dispatcher
from transcriber.service.http.errors import HttpError
from transcriber.service.http.gate import Gate
from transcriber.service.http.limits import Limits
from transcriber.service.http.parking import Parking, Place
from transcriber.service.http.routes import Handler, Router
from transcriber.service.http.wire import Disconnected, Wire
from transcriber.service.http.workers import Workers

_ACCEPTED = 64
"""Connections accepted in a row before others have their turn."""

_RETRY_SECONDS = 5
"""What a client is told to wait when the server has no room."""

_TURNED_AWAY = 64
"""Connections beyond the limit that are being told so at once."""

_PAUSE_SECONDS = 1.0
"""Without accepting after the system had no room for another connection."""

_LAST_SECONDS = 1.0
"""For threads to see that their connections have been cut, at the end of a stop."""

_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Server:
    """Answers requests until it is stopped.

    Parameters
    ----------
    application : Router | Handler
        What is to be answered.
    gate : Gate
        Who may ask.
    listeners : Sequence[socket.socket]
        Where clients connect. They are closed in the end.
    log : Callable[[str], None]
        Gets a line for each request; several threads call it.
    limits : Limits, optional
        What clients may take.
    """

    def __init__(
        self,
        application: Router | Handler,
        *,
        gate: Gate,
        listeners: Sequence[socket.socket],
        log: Callable[[str], None],
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._log = log
        self._listeners = tuple(listeners)
        self._answer = Dispatcher(application, gate, log).answer
        self._workers = Workers(self._limits.threads, self._work)
        self._selector = selectors.DefaultSelector()
        self._parking = Parking(self._selector, self._limits)
        self._active: set[Connection] = set()
        self._returned: deque[tuple[Connection, Next]] = deque()
        self._wake_descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # A signal handler may come in while this thread has it.
        self._wake_lock = threading.RLock()
        self._stop_at: float | None = None
        self._accepting_again: float | None = None

    def serve_forever(self) -> None:
        """Answer requests until `stop`. It is called once."""
        self._selector.register(self._wake_descriptor, selectors.EVENT_READ)
        self._listen()
        try:
            while self._stop_at is None:
                self._turn()
            self._wind_down(self._stop_at)
        finally:
            self._close()

    def stop(self, grace_seconds: float) -> None:
        """Have `serve_forever` return; any thread or signal handler may call it.

        Parameters
        ----------
        grace_seconds : float
            For answers that are being sent. Event streams and WebSockets, which have no end of
            their own, are ended at once.
        """
        self._stop_at = time.monotonic() + grace_seconds
        self._wake()

    def _stopping(self) -> bool:
        return self._stop_at is not None

    def _turn(self, longest: float | None = None) -> None:
        """Wait for something to happen, at most `longest` seconds, and do it."""
        waits = (self._parking.patience(), self._pause(), longest)
        patience = min((each for each in waits if each is not None), default=None)
        for key, _ in self._selector.select(patience):
            if isinstance(key.data, Connection):
                self._read(key.data)
            elif isinstance(key.fileobj, socket.socket):
                self._accept(key.fileobj)
            else:
                os.eventfd_read(self._wake_descriptor)
        while self._returned:
            self._take_back(*self._returned.popleft())
        for connection, place in self._parking.overdue():
            if place is Place.HEAD:
                self._refuse(connection, HttpError(408, "the head of the request took too long"))
            else:
                self._drop(connection)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED):
            try:
                connected, _address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._relent(error)
                    return
                # The client has left in the meantime.
                continue
            wire = Wire(connected, self._limits.write_seconds)
            connection = Connection(wire, self._limits, self._stopping, self._log)
            self._parking.put(connection, Place.IDLE)
            self._make_room(connection)

    def _make_room(self, newest: Connection) -> None:
        """Close the oldest quiet connection when there are too many, or turn the new one away."""
        lingering = self._parking.count(Place.LINGERING)
        if len(self._parking) - lingering + len(self._active) <= self._limits.connections:
            return
        oldest = self._parking.oldest(Place.IDLE)
        if oldest is not None and oldest is not newest:
            self._drop(oldest)
            return
        if lingering >= _TURNED_AWAY:
            oldest = self._parking.oldest(Place.LINGERING)
            if oldest is not None:
                self._drop(oldest)
        headers = (("Retry-After", str(_RETRY_SECONDS)),)
        self._refuse(newest, HttpError(503, "too many connections", headers=headers))

    def _relent(self, error: OSError) -> None:
        """Do without further connections for a moment, when the system has no room for them."""
        self._log(one_line(f"no further connection: {error.strerror}"))
        oldest = self._parking.oldest(Place.IDLE)
        if oldest is not None:
            self._drop(oldest)
        # A listener that cannot be accepted from would wake this thread again at once.
        self._deafen()
        self._accepting_again = time.monotonic() + _PAUSE_SECONDS

    def _pause(self) -> float | None:
        """Return how long nothing is accepted yet; None when that is so no more."""
        if self._accepting_again is None:
            return None
        left = self._accepting_again - time.monotonic()
        if left > 0:
            return left
        self._accepting_again = None
        self._listen()
        return None

    def _read(self, connection: Connection) -> None:
        """Read what has come on a connection that waits."""
        place = self._parking.place(connection)
        if place is Place.LINGERING:
            discarded = connection.wire.discard()
            connection.drained += discarded or 0
            if discarded is None or connection.drained > self._limits.drain_bytes:
                self._drop(connection)
        elif place is not None:
            try:
                head = connection.feed()
            except Disconnected:
                self._drop(connection)
            except HttpError as error:
                self._refuse(connection, error)
            else:
                if head is not None:
                    self._parking.take(connection)
                    self._active.add(connection)
                    self._workers.submit((connection, head))
                elif connection.begun:
                    self._parking.put(connection, Place.HEAD)

    def _work(self, piece: tuple[Connection, h11.Request]) -> None:
        """Answer requests of a connection, in a thread of the workers."""
        connection, head = piece
        outcome: h11.Request | Next = Next.CLOSE
        try:
            outcome = connection.exchange(head, self._answer)
            while isinstance(outcome, h11.Request) and not self._workers.waiting:
                outcome = connection.exchange(outcome, self._answer)
        except BaseException as error:
            # SystemExit of a handler, or no memory: the thread has further connections.
            outcome = Next.CLOSE
            self._log(one_line(f"{connection.wire.client} failed: {type(error).__name__}"))
        if isinstance(outcome, h11.Request):
            # Others wait, and their requests came first.
            self._workers.submit((connection, outcome))
            return
        self._returned.append((connection, outcome))
        self._wake()

    def _take_back(self, connection: Connection, outcome: Next) -> None:
        """Go on with a connection that a thread has answered."""
        self._active.discard(connection)
        if outcome is Next.CLOSE or (outcome is Next.WAIT and self._stopping()):
            connection.wire.close()
        elif outcome is Next.WAIT:
            self._parking.put(connection, Place.HEAD if connection.begun else Place.IDLE)
        else:
            connection.wire.end()
            self._parking.put(connection, Place.LINGERING)

    def _refuse(self, connection: Connection, error: HttpError) -> None:
        connection.refuse(error)
        connection.wire.end()
        self._parking.put(connection, Place.LINGERING)

    def _drop(self, connection: Connection) -> None:
        self._parking.take(connection)
        connection.wire.close()

    def _wind_down(self, deadline: float) -> None:
        """Let what is being answered come to its end."""
        self._accepting_again = None
        self._deafen()
        for listener in self._listeners:
            listener.close()
        for connection in self._parking.all():
            if self._parking.place(connection) is not Place.LINGERING:
                self._drop(connection)
        for end in (deadline, deadline + _LAST_SECONDS):
            while (self._active or len(self._parking)) and time.monotonic() < end:
                self._turn(end - time.monotonic())
            for connection in self._active:
                connection.wire.abort()

    def _listen(self) -> None:
        for listener in self._listeners:
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ)

    def _deafen(self) -> None:
        for listener in self._listeners:
            with contextlib.suppress(KeyError):
                self._selector.unregister(listener)

    def _wake(self) -> None:
        with self._wake_lock:
            if self._wake_descriptor >= 0:
                os.eventfd_write(self._wake_descriptor, 1)

    def _close(self) -> None:
        """Let go of every descriptor but those of threads that hang."""
        for listener in self._listeners:
            listener.close()
        for connection in self._parking.all():
            self._drop(connection)
        self._workers.close()
        self._selector.close()
        with self._wake_lock:
            os.close(self._wake_descriptor)
            self._wake_descriptor = -1
        while self._returned:
            self._returned.popleft()[0].wire.close()
