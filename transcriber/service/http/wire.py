"""A connected socket on which nothing waits without a limit."""

from __future__ import annotations

import contextlib
import select
import socket
import time

from transcriber.service.http.limits import KIB
from transcriber.service.http.request import LOCAL
from transcriber.service.http.workers import resting

RECEIVED_BYTES = 64 * KIB
"""Read at once. More makes uploads no faster, since every byte goes through the parsers."""


class Disconnected(Exception):  # noqa: N818 - a client that leaves is no error
    """The client has left, or takes nothing any more."""


class Wire:
    """One connection to a client.

    Parameters
    ----------
    connected : socket.socket
        The socket, which this takes over.
    write_seconds : float
        How long the client may take nothing of what is sent.
    """

    def __init__(self, connected: socket.socket, write_seconds: float) -> None:
        connected.setblocking(False)
        self.client = LOCAL
        if connected.family != socket.AF_UNIX:
            # A client that has left a moment ago has no address any more.
            with contextlib.suppress(OSError):
                self.client = connected.getpeername()[0].removeprefix("::ffff:")
            with contextlib.suppress(OSError):
                # Events are small and must not wait for more.
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # A machine that lost its power acknowledges nothing, which poll() never tells.
                milliseconds = round(write_seconds * 1000)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        self.socket = connected
        self._write_seconds = write_seconds

    def receive(self, seconds: float) -> bytes:
        """Return what comes within `seconds`; nothing when the client has closed its side.

        Raises
        ------
        TimeoutError
            When nothing came.
        Disconnected
            When the connection broke.
        """
        deadline = time.monotonic() + seconds
        while True:
            try:
                return self.socket.recv(RECEIVED_BYTES)
            except BlockingIOError:
                if not self._wait(select.POLLIN, deadline - time.monotonic()):
                    raise TimeoutError from None
            except OSError as error:
                raise Disconnected from error

    def send(self, content: bytes) -> None:
        """Send all of `content`.

        Raises
        ------
        Disconnected
            When the connection broke, or the client took nothing for too long.
        """
        left = memoryview(content)
        while left:
            try:
                left = left[self.socket.send(left) :]
            except BlockingIOError:
                if not self._wait(select.POLLOUT, self._write_seconds):
                    raise Disconnected from None
            except OSError as error:
                raise Disconnected from error

    def offer(self, content: bytes) -> None:
        """Send what fits into the system's buffer, without waiting."""
        with contextlib.suppress(OSError):
            self.socket.send(content)

    def gone(self) -> bool:
        """Return whether the client has closed its side, even behind bytes that are unread."""
        poll = select.poll()
        poll.register(self.socket, select.POLLRDHUP)
        return bool(poll.poll(0))

    def discard(self) -> int | None:
        """Read and forget what has come, and return how much; None when that was all."""
        try:
            return len(self.socket.recv(RECEIVED_BYTES)) or None
        except BlockingIOError:
            return 0
        except OSError:
            return None

    def end(self) -> None:
        """Tell the client that nothing more comes."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def abort(self) -> None:
        """Make whoever waits for this connection stop; another thread may call it."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket. Only the thread that the connection belongs to may do it."""
        with contextlib.suppress(OSError):
            self.socket.close()

    def _wait(self, event: int, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.socket, event)
        # Rounded up: poll() takes whole milliseconds, and none would be a busy loop.
        with resting():
            return bool(poll.poll(max(0, int(seconds * 1000) + 1) if seconds > 0 else 0))
