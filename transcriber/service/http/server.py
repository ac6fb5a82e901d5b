"""The server: it accepts connections, watches the quiet ones and hands requests to threads."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import h11

from transcriber.service.http.access_log import defect_line, one_line
from transcriber.service.http.connection import Connection, Next
from transcriber.service.http.dispatch import Dispatcher
from transcriber.service.http.doors import Doors, NoRoomError, allow_files
from transcriber.service.http.errors import HttpError
from transcriber.service.http.gate import Gate
from transcriber.service.http.limits import Limits
from transcriber.service.http.parking import Parking, Place
from transcriber.service.http.routes import Handler, Router
from transcriber.service.http.wire import Disconnected, Wire
from transcriber.service.http.workers import Workers

_RETRY_SECONDS = 5
"""What a client is told to wait when the server has no room."""

_LINGERING = 64
"""Connections beyond the limit that have had their last answer. Most clients close at once."""

_LAST_SECONDS = 1.0
"""For threads to see that their connections have been cut, at the end of a stop."""


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
        self._answer = Dispatcher(application, gate, log).answer
        self._workers = Workers(self._limits.threads, self._work)
        self._selector = selectors.DefaultSelector()
        self._doors = Doors(self._selector, listeners)
        self._parking = Parking(self._selector, self._limits)
        self._active: set[Connection] = set()
        self._returned: deque[tuple[Connection, Next]] = deque()
        self._wake_descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        # A signal handler may come in while this thread has it.
        self._wake_lock = threading.RLock()
        self._stop_at: float | None = None

    def serve_forever(self) -> None:
        """Answer requests until `stop`. It is called once."""
        self._selector.register(self._wake_descriptor, selectors.EVENT_READ)
        self._doors.open()
        allow_files(self._limits.connections)
        try:
            while self._stop_at is None:
                self._turn()
            self._wind_down()
        finally:
            self._close()

    def stop(self, grace_seconds: float) -> None:
        """Have `serve_forever` return; any thread or signal handler may call it, also again.

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
        waits = (self._parking.patience(), self._doors.pause(), longest)
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
        try:
            for connected in self._doors.accept(listener):
                wire = Wire(connected, self._limits.write_seconds)
                connection = Connection(wire, self._limits, self._stopping, self._log)
                self._parking.put(connection, Place.IDLE)
                self._make_room(connection)
        except NoRoomError as error:
            self._log(one_line(f"no further connection: {error}"))
            self._drop_oldest(Place.IDLE)

    def _make_room(self, newest: Connection) -> None:
        """Close the oldest quiet connection when there are too many, or turn the new one away."""
        lingering = self._parking.count(Place.LINGERING)
        if lingering > _LINGERING:
            self._drop_oldest(Place.LINGERING)
        if len(self._parking) - lingering + len(self._active) <= self._limits.connections:
            return
        if self._parking.oldest(Place.IDLE) is not newest:
            self._drop_oldest(Place.IDLE)
            return
        headers = (("Retry-After", str(_RETRY_SECONDS)),)
        self._refuse(newest, HttpError(503, "too many connections", headers=headers))

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
            except Exception as error:
                # A defect must cost this connection, and not the thread that serves them all.
                self._log(defect_line(connection.wire.client, "-", "-", error))
                self._drop(connection)
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
            self._log(defect_line(connection.wire.client, "-", "-", error))
        if isinstance(outcome, h11.Request):
            # Others wait, and their requests came first.
            self._workers.submit((connection, outcome))
            return
        self._returned.append((connection, outcome))
        if not self._wake():
            # The server did not wait for this one.
            connection.wire.close()

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

    def _drop_oldest(self, place: Place) -> None:
        oldest = self._parking.oldest(place)
        if oldest is not None:
            self._drop(oldest)

    def _drop(self, connection: Connection) -> None:
        self._parking.take(connection)
        connection.wire.close()

    def _wind_down(self) -> None:
        """Let what is being answered come to its end."""
        self._doors.close()
        for connection in self._parking.all():
            if self._parking.place(connection) is not Place.LINGERING:
                self._drop(connection)
        # A second stop may shorten the time.
        while (self._active or len(self._parking)) and (left := self._grace()) > 0:
            self._turn(left)
        for connection in self._active:
            connection.wire.abort()
        end = time.monotonic() + _LAST_SECONDS
        while self._active and (left := end - time.monotonic()) > 0:
            self._turn(left)

    def _grace(self) -> float:
        return 0.0 if self._stop_at is None else self._stop_at - time.monotonic()

    def _wake(self) -> bool:
        """Have the serving thread look around, and return whether there is one still."""
        with self._wake_lock:
            if self._wake_descriptor < 0:
                return False
            os.eventfd_write(self._wake_descriptor, 1)
            return True

    def _close(self) -> None:
        """Let go of every descriptor but those of threads that hang."""
        self._doors.close()
        for connection in self._parking.all():
            self._drop(connection)
        self._workers.close()
        self._selector.close()
        with self._wake_lock:
            descriptor, self._wake_descriptor = self._wake_descriptor, -1
            os.close(descriptor)
        while self._returned:
            self._returned.popleft()[0].wire.close()
