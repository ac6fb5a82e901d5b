"""An icon in the desktop's tray: StatusNotifierItem, as KDE and most panels have it.

GNOME shows such icons with an extension only. Where nobody shows them, the icon waits for somebody
who does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

from jeepney import (
    DBusAddress,
    DBusErrorResponse,
    HeaderFields,
    Message,
    MessageFlag,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)

from transcriber.dictation.bus import Bus
from transcriber.errors import DesktopError

_WATCHER = DBusAddress(
    "/StatusNotifierWatcher",
    bus_name="org.kde.StatusNotifierWatcher",
    interface="org.kde.StatusNotifierWatcher",
)

_ITEM = DBusAddress("/StatusNotifierItem", interface="org.kde.StatusNotifierItem")

_SIZE = 32

_STATES = {
    "idle": ((0x2E, 0xA0, 0x43), "ready; click to dictate"),
    "recording": ((0xD7, 0x2B, 0x2B), "records; click to stop"),
    "working": ((0xE6, 0x9B, 0x00), "writes what was said"),
}
"""The colour, and what it means in words."""


class Tray:
    """An icon whose colour says what dictation is doing; a click on it is an event.

    Raises
    ------
    DesktopError
        When there is no message bus.
    """

    def __init__(self) -> None:
        self._bus = Bus()
        self._state = "idle"
        name = _WATCHER.bus_name
        with contextlib.suppress(DBusErrorResponse):
            self._bus.watch(f"type='signal',member='NameOwnerChanged',arg0='{name}'")
        self._register()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when `events` has something to do."""
        return self._bus.fileno()

    def close(self) -> None:
        """Take the icon away."""
        self._bus.close()

    def show(self, state: str) -> None:
        """Show ``idle``, ``recording`` or ``working``."""
        self._state = state
        # That the bus has gone is for `events` to tell.
        with contextlib.suppress(DesktopError):
            for signal in ("NewIcon", "NewToolTip"):
                self._bus.send(new_signal(_ITEM, signal))

    def events(self) -> Iterator[Literal["activated"]]:
        """Answer the panel's questions; yield the clicks since the last call.

        Raises
        ------
        DesktopError
            When the bus has gone, and with it the icon.
        """
        for message in self._bus.messages():
            fields = message.header.fields
            member = fields.get(HeaderFields.member)
            if message.header.message_type is MessageType.method_call:
                self._bus.send(self._answer(message, member))
                if member == "Activate":
                    yield "activated"
            elif member == "NameOwnerChanged" and message.body[2]:
                self._register()

    def _register(self) -> None:
        # The panel asks in turn while it answers, so nobody waits for the answer here.
        message = new_method_call(
            _WATCHER, "RegisterStatusNotifierItem", "s", (self._bus.unique_name,)
        )
        message.header.flags = MessageFlag.no_reply_expected | MessageFlag.no_auto_start
        self._bus.send(message)

    def _answer(self, message: Message, member: str) -> Message:
        properties = _properties(self._state)
        if member == "GetAll":
            return new_method_return(message, "a{sv}", (properties,))
        if member == "Get":
            found = properties.get(message.body[-1]) if message.body else None
            if found:
                return new_method_return(message, "v", (found,))
        elif member in ("Activate", "SecondaryActivate", "ContextMenu", "Scroll"):
            return new_method_return(message)
        return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")


def _properties(state: str) -> dict[str, tuple[str, Any]]:
    colour, meaning = _STATES[state]
    return {
        "Category": ("s", "ApplicationStatus"),
        "Id": ("s", "whisper-transcriber"),
        "Title": ("s", "Whisper Transcriber"),
        "Status": ("s", "Active"),
        # A name would come first, and no theme has icons of these colours.
        "IconName": ("s", ""),
        "IconPixmap": ("a(iiay)", [(_SIZE, _SIZE, disc(colour, _SIZE))]),
        "ToolTip": ("(sa(iiay)ss)", ("", [], "Whisper Transcriber", meaning)),
        "ItemIsMenu": ("b", False),
        # What KDE has for none; GNOME's extension shows no icon that does not say it.
        "Menu": ("o", "/NO_DBUSMENU"),
    }


def disc(colour: tuple[int, int, int], size: int) -> bytes:
    """Return a disc of `colour` in a square of `size`: ARGB, a byte each, row by row."""
    middle, inside, outside = (size - 1) / 2, bytes((255, *colour)), bytes(4)
    return b"".join(
        inside if (x - middle) ** 2 + (y - middle) ** 2 <= size**2 / 4 else outside
        for y in range(size)
        for x in range(size)
    )
