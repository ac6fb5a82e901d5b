"""Connections that need no thread: between requests, in the middle of a head, or at their end."""

from __future__ import annotations

import enum
import selectors
import time
from collections import OrderedDict

from transcriber.service.http.connection import Connection
from transcriber.service.http.limits import Limits


class Place(enum.Enum):
    """What a connection waits for."""

    IDLE = "idle"
    """A request."""
    HEAD = "head"
    """The rest of a head."""
    LINGERING = "lingering"
    """That the client takes the last answer and closes its side."""


class Parking:
    """Keeps connections with the times when they have waited too long. For one thread.

    Parameters
    ----------
    selector : selectors.BaseSelector
        Is told to watch them; its data is the connection.
    limits : Limits
        How long they may wait.
    """

    def __init__(self, selector: selectors.BaseSelector, limits: Limits) -> None:
        self._selector = selector
        self._seconds = {
            Place.IDLE: limits.idle_seconds,
            Place.HEAD: limits.head_seconds,
            Place.LINGERING: limits.linger_seconds,
        }
        # All in one place wait equally long, so the first to come is the first to leave.
        self._deadlines: dict[Place, OrderedDict[Connection, float]] = {
            place: OrderedDict() for place in Place
        }
        self._places: dict[Connection, Place] = {}

    def __len__(self) -> int:
        return len(self._places)

    def count(self, place: Place) -> int:
        """Return how many wait at `place`."""
        return len(self._deadlines[place])

    def put(self, connection: Connection, place: Place) -> None:
        """Have a connection wait at `place`. Its time begins when it comes from another one."""
        before = self._places.get(connection)
        if before is place:
            return
        if before is None:
            self._selector.register(connection.wire.socket, selectors.EVENT_READ, connection)
        else:
            del self._deadlines[before][connection]
        self._places[connection] = place
        self._deadlines[place][connection] = time.monotonic() + self._seconds[place]

    def take(self, connection: Connection) -> None:
        """Watch a connection no more."""
        del self._deadlines[self._places.pop(connection)][connection]
        self._selector.unregister(connection.wire.socket)

    def place(self, connection: Connection) -> Place | None:
        """Return where a connection waits."""
        return self._places.get(connection)

    def oldest(self, place: Place) -> Connection | None:
        """Return the connection that has waited longest at `place`."""
        return next(iter(self._deadlines[place]), None)

    def all(self) -> list[Connection]:
        """Return every connection."""
        return list(self._places)

    def overdue(self) -> list[tuple[Connection, Place]]:
        """Return the connections that have waited too long."""
        now = time.monotonic()
        found = []
        for place, deadlines in self._deadlines.items():
            for connection, deadline in deadlines.items():
                if deadline > now:
                    break
                found.append((connection, place))
        return found

    def patience(self) -> float | None:
        """Return the seconds until the next one has waited too long; None when none waits."""
        firsts = [next(iter(each.values())) for each in self._deadlines.values() if each]
        return max(0.0, min(firsts) - time.monotonic()) if firsts else None
