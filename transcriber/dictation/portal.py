"""A global key on Wayland: the portal GlobalShortcuts, as KDE, GNOME from 48 and Hyprland have it.

The desktop may ask the user, once, and remembers the answer; it may give another key than the one
asked for, or none until one is chosen in its settings.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Literal

from jeepney import HeaderFields

from transcriber.dictation.portal_requests import Portal
from transcriber.x11.keys import parse_keys

REMEDY = "bind `transcriber dictate toggle` to a key in the desktop's settings"

SHORTCUT = "dictate"
"""Under this name the desktop remembers the key."""

_MODIFIERS = {"ctrl": "CTRL", "alt": "ALT", "shift": "SHIFT", "super": "LOGO"}

_KEYS = {
    **{"enter": "Return", "backspace": "BackSpace", "space": "space"},
    **{"pageup": "Page_Up", "pagedown": "Page_Down", "scrolllock": "Scroll_Lock"},
}
"""Names of xkbcommon that are not the usual name with a capital."""

_REPEATED = 0.7
"""Seconds: a key that is held repeats itself sooner."""


def trigger(keys: str) -> str:
    """Return ``Ctrl+Alt+Q`` as ``CTRL+ALT+q``: freedesktop.org's Shortcuts Specification.

    Its keys are the names of xkbcommon.

    Raises
    ------
    UsageError
        When there is no such key.
    """
    parsed = parse_keys(keys)
    name = keys.rpartition("+")[2].strip().lower()
    if len(name) > 1:
        name = _KEYS.get(name, name.capitalize())
    elif not (name.isascii() and name.isalnum()):
        name = f"U{parsed.symbol:04X}"
    held = (word for key, word in _MODIFIERS.items() if key in parsed.modifiers)
    return "+".join([*held, name])


class PortalKey:
    """A global key, and what it does.

    Attributes
    ----------
    shown : str
        The key as the desktop names it; empty where it does not say, or gave none yet.
    """

    def __init__(self, portal: Portal, session: str, shown: str) -> None:
        self._portal, self._session, self.shown = portal, session, shown
        self._pressed_at = float("-inf")

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there may be events."""
        return self._portal.bus.fileno()

    def close(self) -> None:
        """Give the key back."""
        self._portal.bus.close()

    def events(self) -> Iterator[Literal["pressed", "released"]]:
        """Yield what happened since the last call.

        Raises
        ------
        DesktopError
            When the desktop has taken the key away.
        """
        for message in self._portal.signals():
            fields = message.header.fields
            member = fields[HeaderFields.member]
            if member == "Closed" and fields[HeaderFields.path] == self._session:
                raise self._portal.error("the desktop has taken it back")
            if message.body[:2] != (self._session, SHORTCUT):
                continue
            if member == "Deactivated":
                self._pressed_at = float("-inf")
                yield "released"
            elif member == "Activated":
                # Some desktops repeat it while the key is held, and some never say Deactivated.
                before, self._pressed_at = self._pressed_at, time.monotonic()
                if self._pressed_at - before > _REPEATED:
                    yield "pressed"


def bind(keys: str, description: str) -> PortalKey:
    """Ask the desktop for a global key; wait until the user has agreed.

    Parameters
    ----------
    keys : str
        The key that is preferred, such as ``Ctrl+Alt+Q``.
    description : str
        What it does, as the desktop shows it.

    Raises
    ------
    UsageError
        When `keys` is no key.
    DesktopError
        When the desktop has no such portal, or it or the user refuses.
    """
    wanted = {"description": ("s", description), "preferred_trigger": ("s", trigger(keys))}
    portal = Portal("GlobalShortcuts", "global key", REMEDY)
    try:
        session = portal.new_session()
        results = portal.request("BindShortcuts", "oa(sa{sv})s", session, [(SHORTCUT, wanted)], "")
    except BaseException:
        portal.bus.close()
        raise
    # GNOME 50 leaves the list empty though the key is bound.
    bound = dict(results.get("shortcuts", ("", []))[1]).get(SHORTCUT, {})
    return PortalKey(portal, session, str(bound.get("trigger_description", ("s", ""))[1]))
