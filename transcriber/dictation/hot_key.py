"""A key that starts and stops dictation in whichever window it is pressed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

from transcriber.dictation import portal
from transcriber.dictation.clipboard import on_wayland
from transcriber.x11.connection import connect
from transcriber.x11.keyboard import GrabbedKey
from transcriber.x11.keys import parse_keys


class HotKey(Protocol):
    """A global key."""

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is something to know."""

    def events(self) -> Iterator[Literal["pressed", "released"]]:
        """Yield what has happened since the last call, without waiting for more.

        Raises
        ------
        DesktopError
            When the desktop has gone, or has taken the key back.
        """

    def close(self) -> None:
        """Give the key back."""


def grab(keys: str) -> HotKey:
    """Take a key for this program: of the X server, or of Wayland's portal.

    Parameters
    ----------
    keys : str
        The key with its modifiers, such as ``Ctrl+Alt+Q``.

    Raises
    ------
    UsageError
        When there is no such key.
    DesktopError
        When there is no desktop, or it does not give the key.
    """
    wanted = parse_keys(keys)
    if on_wayland():
        return portal.bind(keys, "Start and stop dictation")
    connection = connect()
    try:
        return GrabbedKey(connection, wanted, keys)
    except BaseException:
        connection.close()
        raise
