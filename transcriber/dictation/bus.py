"""A connection to the desktop's message bus (D-Bus), by jeepney."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from typing import Any

from jeepney import DBusAddress, MatchRule, Message, new_method_call
from jeepney.io.blocking import open_dbus_connection
from jeepney.wrappers import unwrap_msg

from transcriber.errors import DesktopError

DAEMON = DBusAddress(
    "/org/freedesktop/DBus", bus_name="org.freedesktop.DBus", interface="org.freedesktop.DBus"
)
"""The bus itself."""

GONE = "the desktop's message bus has gone"

_LIMIT = 10.0
"""Seconds for an answer that nobody is asked for first."""


class Bus:
    """The message bus of the user's session.

    Raises
    ------
    DesktopError
        When there is none.
    """

    def __init__(self) -> None:
        address = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
        folder = os.environ.get("XDG_RUNTIME_DIR", "")
        try:
            self._connection = open_dbus_connection(address or f"unix:path={folder}/bus")
        # An address that is none raises the last two.
        except (OSError, ValueError, RuntimeError) as error:
            raise DesktopError(
                f"no message bus of a desktop answers ({error})", "start it from within the desktop"
            ) from error
        self._came: deque[Message] = deque()
        self._connection.filter(MatchRule(), queue=self._came)

    @property
    def unique_name(self) -> str:
        """Return what the bus calls this connection."""
        return str(self._connection.unique_name)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when something comes in."""
        return int(self._connection.sock.fileno())

    def close(self) -> None:
        """Leave the bus, which ends everything that was asked for over this connection."""
        self._connection.close()

    def call(
        self,
        where: DBusAddress,
        method: str,
        signature: str | None = None,
        body: tuple[Any, ...] = (),
        *,
        seconds: float = _LIMIT,
    ) -> tuple[Any, ...]:
        """Call a method; return what it answers.

        Raises
        ------
        DBusErrorResponse
            When it answers with an error.
        DesktopError
            When no answer comes in time, or the bus has gone.
        """
        message = new_method_call(where, method, signature, body)
        try:
            reply = self._connection.send_and_get_reply(message, timeout=seconds)
        except TimeoutError as error:
            raise DesktopError(f"{where.bus_name} does not answer") from error
        except OSError as error:
            raise DesktopError(GONE) from error
        return tuple(unwrap_msg(reply))

    def send(self, message: Message) -> None:
        """Send a message to which no answer matters.

        Raises
        ------
        DesktopError
            When the bus has gone.
        """
        try:
            self._connection.send(message)
        except OSError as error:
            raise DesktopError(GONE) from error

    def watch(self, rule: str) -> None:
        """Let the signals come in that `rule`, a match rule of D-Bus, is for."""
        self.call(DAEMON, "AddMatch", "s", (rule,))

    def messages(self, seconds: float = 0.0) -> Iterator[Message]:
        """Yield what comes in, until nothing has come for so long.

        Raises
        ------
        DesktopError
            When the bus has gone.
        """
        while True:
            if not self._came:
                try:
                    self._connection.recv_messages(timeout=seconds)
                except TimeoutError:
                    return
                except OSError as error:
                    raise DesktopError(GONE) from error
            yield self._came.popleft()
