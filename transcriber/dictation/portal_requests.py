"""Asking xdg-desktop-portal: requests whose answers come as signals, after the user's own."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator
from typing import Any

from jeepney import DBusAddress, DBusErrorResponse, HeaderFields, Message

from transcriber.dictation.bus import DAEMON, Bus
from transcriber.dictation.desktop_entry import APPLICATION, write_entry
from transcriber.errors import DesktopError, StorageError

NAME = "org.freedesktop.portal.Desktop"

_DESKTOP = DBusAddress("/org/freedesktop/portal/desktop", bus_name=NAME)

_REGISTRY = _DESKTOP.with_interface("org.freedesktop.host.portal.Registry")

_PATIENCE = 180.0
"""Seconds for the user to answer the desktop's question."""

_START = 30.0
"""Seconds for the portal to start, which it does when it is first asked."""


class Portal:
    """One interface of the portal, over a connection of its own.

    Parameters
    ----------
    interface : str
        Its last word, such as ``GlobalShortcuts``.
    thing : str
        What is asked for, as messages name it.
    remedy : str
        What to do where the desktop does not give it.

    Raises
    ------
    DesktopError
        When there is no bus, or no portal.
    """

    def __init__(self, interface: str, thing: str, remedy: str) -> None:
        self._interface = _DESKTOP.with_interface(f"org.freedesktop.portal.{interface}")
        self._thing, self._remedy = thing, remedy
        with self._failures():
            self.bus = Bus()
        try:
            with self._failures():
                self.bus.watch(f"type='signal',sender='{NAME}'")
                self.bus.watch(f"type='signal',member='NameOwnerChanged',arg0='{NAME}'")
                if not self.bus.call(DAEMON, "NameHasOwner", "s", (NAME,))[0]:
                    start = (NAME, 0)
                    self.bus.call(DAEMON, "StartServiceByName", "su", start, seconds=_START)
                [self._owner] = self.bus.call(DAEMON, "GetNameOwner", "s", (NAME,))
                self._register()
        except BaseException:
            self.bus.close()
            raise

    def call(self, method: str, signature: str, *body: Any) -> tuple[Any, ...]:
        """Call a method of the interface that answers at once.

        Raises
        ------
        DesktopError
            When it is refused, or the portal is not there any more.
        """
        with self._failures():
            return self.bus.call(self._interface, method, signature, body)

    def request(self, method: str, signature: str, *body: Any, **options: Any) -> dict[str, Any]:
        """Call a method that may ask the user; wait for the answer.

        Parameters
        ----------
        method : str
            Its name.
        signature : str
            The types of `body`; the options come behind it.
        *body : Any
            What it takes before the options.
        **options : Any
            Pairs of a type and a value.

        Returns
        -------
        dict of str to Any
            The results, pairs of a type and a value.

        Raises
        ------
        DesktopError
            When the desktop or the user refuses, nobody answers, or the portal ends.
        """
        options["handle_token"] = ("s", new_token())
        [handle] = self.call(method, f"{signature}a{{sv}}", *body, options)
        end = time.monotonic() + _PATIENCE
        while (left := end - time.monotonic()) > 0:
            for message in self.signals(left):
                fields = message.header.fields
                if (fields[HeaderFields.path], fields[HeaderFields.member]) != (handle, "Response"):
                    continue
                code, results = message.body
                if code:
                    reason = "the question was declined" if code == 1 else "the desktop refuses"
                    raise self.error(reason)
                return dict(results)
        raise self.error("nobody answered the desktop's question")

    def new_session(self, method: str = "CreateSession") -> str:
        """Return the path of a new session of the interface."""
        results = self.request(method, "", session_handle_token=("s", new_token()))
        return str(results["session_handle"][1])

    def signals(self, seconds: float = 0.0) -> Iterator[Message]:
        """Yield the portal's signals, until none has come for so long.

        Raises
        ------
        DesktopError
            When the portal has ended, and with it all sessions, or the bus has gone.
        """
        with self._failures():
            for message in self.bus.messages(seconds):
                fields = message.header.fields
                # Anybody on the bus can send signals to a connection.
                sender = fields.get(HeaderFields.sender)
                if sender == self._owner:
                    yield message
                elif sender == DAEMON.bus_name and message.body[1:2] == (self._owner,):
                    raise self.error("the desktop's portal has ended")

    def error(self, reason: str) -> DesktopError:
        """Return the failure that says why the thing is not to be had."""
        return DesktopError(f"no {self._thing}: {reason}", self._remedy)

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        """Say of each failure what it means, and what can be done."""
        try:
            yield
        except DBusErrorResponse as error:
            text = error.data[0] if error.data else error.name
            raise self.error(str(text)) from error
        except DesktopError as error:
            if error.remedy == self._remedy:
                raise
            raise self.error(error.message) from error

    def _register(self) -> None:
        """Say which program this is, where the portal wants to know; before all else, it says."""
        # A portal that has just started, or has yet to see the new entry, needs a moment.
        for attempt in range(9):
            try:
                self.bus.call(_REGISTRY, "Register", "sa{sv}", (APPLICATION, {}))
            except DBusErrorResponse as error:
                # Those before 1.20 find out by themselves.
                if str(error.name).rpartition(".")[2].startswith("Unknown"):
                    return
                if not attempt:
                    with contextlib.suppress(StorageError):
                        write_entry()
                time.sleep(0.25)
            else:
                return


def new_token() -> str:
    """Return a new last element of the path of a request or a session."""
    return f"transcriber_{secrets.token_hex(8)}"
