"""The listeners of a server: whether they are watched, and what comes in."""

from __future__ import annotations

import contextlib
import errno
import resource
import selectors
import socket
import time
from collections.abc import Iterator, Sequence

_ACCEPTED = 64
"""Connections accepted in a row before others have their turn."""

PAUSE_SECONDS = 1.0
"""Without accepting after the system had no room for another connection."""

_OTHER_FILES = 100
"""Descriptors that are no connection's: the database, pipes, listeners."""

_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class NoRoomError(Exception):
    """The system has no room for another connection."""


class Doors:
    """Accepts connections. For one thread.

    Parameters
    ----------
    selector : selectors.BaseSelector
        Is told to watch the listeners.
    listeners : Sequence[socket.socket]
        Where clients connect.
    """

    def __init__(
        self, selector: selectors.BaseSelector, listeners: Sequence[socket.socket]
    ) -> None:
        self._selector = selector
        self._listeners = tuple(listeners)
        self._open_again: float | None = None

    def open(self) -> None:
        """Watch the listeners."""
        for listener in self._listeners:
            listener.setblocking(False)
            self._selector.register(listener, selectors.EVENT_READ)

    def accept(self, listener: socket.socket) -> Iterator[socket.socket]:
        """Yield connections that have come, a number of them at most.

        Raises
        ------
        NoRoomError
            When the system has no room. The doors are shut for a moment, since the listener
            would wake the thread again at once.
        """
        for _ in range(_ACCEPTED):
            try:
                connected, _address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _NO_ROOM:
                    self._shut()
                    self._open_again = time.monotonic() + PAUSE_SECONDS
                    raise NoRoomError(error.strerror) from error
                # The client has left in the meantime.
                continue
            yield connected

    def pause(self) -> float | None:
        """Open the doors again if it is time; return the seconds until then, if it is not."""
        if self._open_again is None:
            return None
        left = self._open_again - time.monotonic()
        if left > 0:
            return left
        self._open_again = None
        self.open()
        return None

    def close(self) -> None:
        """Accept nothing any more."""
        self._open_again = None
        # systemd has its sockets open as well, so closing ours alone would not end the watch.
        self._shut()
        for listener in self._listeners:
            listener.close()

    def _shut(self) -> None:
        for listener in self._listeners:
            # Those that are closed have no number any more.
            with contextlib.suppress(KeyError, ValueError):
                self._selector.unregister(listener)


def allow_files(connections: int) -> None:
    """Allow this process a socket and a file for each connection, as far as the system does.

    Most systems begin with 1,024 and allow far more to whoever asks.
    """
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * connections + _OTHER_FILES
    wanted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
