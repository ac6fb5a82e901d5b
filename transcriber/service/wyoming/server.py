"""Listening for clients: each has a thread, and there are a few of them."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

from transcriber.service.context import Context
from transcriber.service.wyoming.events import Event, encoded
from transcriber.service.wyoming.session import Session

_MOST = 32
"""Clients at a time: the satellites of a house."""

_SECONDS = 60.0
"""Without a byte of a client, or for it to take an answer. Satellites connect for each command."""


class WyomingServer:
    """Answers clients until it is stopped, in threads of its own.

    Parameters
    ----------
    context : Context
        The service.
    listener : socket
        Where clients connect. It is closed in the end.
    """

    def __init__(self, context: Context, listener: socket.socket) -> None:
        self._context = context
        self._listener = listener
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_stopped = False
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close all connections."""
        with self._lock:
            self._is_stopped = True
            clients = [*self._clients]
        for one in (self._listener, *clients):
            # Wakes whoever waits for it.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                is_full = self._is_stopped or len(self._clients) >= _MOST
                if not is_full:
                    self._clients.add(client)
            if is_full:
                client.close()
                continue
            threading.Thread(
                target=self._serve, args=(client, str(address[0])), daemon=True
            ).start()

    def _serve(self, client: socket.socket, name: str) -> None:
        client.settimeout(_SECONDS)

        def send(event: Event) -> None:
            client.sendall(encoded(event))

        session = Session(self._context, name, send=send, gone=lambda: _has_left(client))
        try:
            # A client that leaves, or says nothing for too long, ends its session.
            with client, contextlib.suppress(OSError), client.makefile("rb") as stream:
                session.run(stream)
        finally:
            with self._lock:
                self._clients.discard(client)


def _has_left(client: socket.socket) -> bool:
    poll = select.poll()
    try:
        poll.register(client, select.POLLIN)
        return bool(poll.poll(0)) and not client.recv(1, socket.MSG_PEEK)
    except OSError:
        return True
