"""A part of xdg-desktop-portal, as its specification and its sources have it, on a thread.

It is as strict as the real one: a session needs a token and, in the newer versions, an application
id, which only a desktop entry gives; keys are bound once a session; answers come as signals of a
request's own path, behind the reply that names it.
"""

from __future__ import annotations

import shlex
import threading
from pathlib import Path
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

NAME = "org.freedesktop.portal.Desktop"
PATH = "/org/freedesktop/portal/desktop"
PORTAL = "org.freedesktop.portal."


class StandIn(threading.Thread):
    """Anything that answers on the bus by a name of its own; ends with `end`."""

    name_on_bus = NAME

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.link = open_dbus_connection(address)
        [owned] = self.link.send_and_get_reply(message_bus.RequestName(self.name_on_bus, 4)).body
        assert owned == 1
        self.calls: list[tuple[str, Any]] = []
        self.came = threading.Condition()
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.is_set():
            try:
                message = self.link.receive(timeout=0.05)
            except TimeoutError:
                continue
            except OSError:
                return
            if message.header.message_type is MessageType.method_call:
                for answer in self.answers(message):
                    self.link.send(answer)
                with self.came:
                    self.calls.append((message.header.fields[HeaderFields.member], message.body))
                    self.came.notify_all()

    def answers(self, message: Message) -> list[Message]:
        raise NotImplementedError

    def await_call(self, name: str, count: int = 1) -> Any:
        with self.came:
            assert self.came.wait_for(lambda: len(self.named(name)) >= count, timeout=10)
            return self.named(name)[-1]

    def named(self, name: str) -> list[Any]:
        return [body for member, body in self.calls if member == name]

    def end(self) -> None:
        self._ending.set()
        self.join(10)
        self.link.close()


class PortalStandIn(StandIn):
    """GlobalShortcuts and RemoteDesktop.

    Parameters
    ----------
    address : str
        Of the bus.
    entries : Path, optional
        Where desktop entries are looked for; without it, the portal is an older one, which has no
        registry and gives keys to whoever asks.
    codes : dict of str to int
        How requests end, by their method: 1 when the user declines, 2 by another failure.
    silent : tuple of str
        Requests that are never answered.
    shown : str, optional
        How the key is shown; with None the list of keys comes back empty.
    """

    def __init__(
        self,
        address: str,
        *,
        entries: Path | None = None,
        codes: dict[str, int] | None = None,
        silent: tuple[str, ...] = (),
        shown: str | None = "Ctrl+Alt+Q",
    ) -> None:
        super().__init__(address)
        self._entries, self._codes, self._silent, self._shown = entries, codes or {}, silent, shown
        self.application = ""
        self.session = ""
        self.client = ""
        self.bound: list[tuple[str, dict[str, Any]]] = []
        self.tokens, self.asked, self.devices = 0, True, 1
        self.start()

    def press(self, name: str = "Activated", shortcut: str = "dictate", session: str = "") -> None:
        body = (session or self.session, shortcut, 1, dict[str, object]())
        self.signal(PATH, "GlobalShortcuts", name, "osta{sv}", body)

    def release(self) -> None:
        self.press("Deactivated")

    def close_session(self) -> None:
        self.signal(self.session, "Session", "Closed", "a{sv}", ({},))

    def signal(self, path: str, interface: str, name: str, kinds: str, body: Any) -> None:
        self.link.send(self._to_client(path, interface, name, kinds, body))

    def answers(self, message: Message) -> list[Message]:
        fields = message.header.fields
        member, self.client = fields[HeaderFields.member], fields[HeaderFields.sender]
        if member == "Register":
            return [self._register(message)]
        answer = getattr(self, f"_{member}", None)
        if answer is None:
            return [new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")]
        try:
            results = answer(*message.body)
        except PermissionError as error:
            return [new_error(message, f"{PORTAL}Error.NotAllowed", "s", (str(error),))]
        if results is None:
            return [new_method_return(message)]
        handle = self._path("request", message.body[-1]["handle_token"][1])
        code = self._codes.get(member, 0)
        response = (code, {} if code else results)
        signal = self._to_client(handle, "Request", "Response", "ua{sv}", response)
        # An earlier request may be answered late.
        late = self._to_client(f"{handle}_", "Request", "Response", "ua{sv}", (2, {}))
        replies = [new_method_return(message, "o", (handle,)), late, signal]
        return replies[:2] if member in self._silent else replies

    def _register(self, message: Message) -> Message:
        if self._entries is None:
            return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
        name, _ = message.body
        if not _is_whole(self._entries / f"{name}.desktop"):
            text = f"Could not register app ID: App info not found for '{name}'"
            return new_error(message, f"{PORTAL}Error.Failed", "s", (text,))
        self.application = name
        return new_method_return(message)

    def _CreateSession(self, options: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        if self._entries is not None and not self.application:
            raise PermissionError("An app id is required")
        if "session_handle_token" not in options:
            raise PermissionError("Missing token")
        self.session = self._path("session", options["session_handle_token"][1])
        # A string and not a path, as the real one has it.
        return {"session_handle": ("s", self.session)}

    def _BindShortcuts(  # noqa: N802
        self, session: str, shortcuts: list[Any], window: str, options: dict[str, Any]
    ) -> dict[str, Any]:
        if session != self.session or self.bound:
            raise PermissionError("Invalid session")
        self.bound = shortcuts
        shown = [] if self._shown is None else self._listed()
        return {"shortcuts": ("a(sa{sv})", shown)}

    def _SelectDevices(self, session: str, options: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        # A token is good for once.
        self.asked = options.get("restore_token") != ("s", f"token {self.tokens}")
        assert (options["types"], options["persist_mode"]) == (("u", 1), ("u", 2))
        return {}

    def _Start(self, session: str, window: str, options: dict[str, Any]) -> dict[str, Any]:  # noqa: N802
        self.tokens += 1
        return {"devices": ("u", self.devices), "restore_token": ("s", f"token {self.tokens}")}

    def _NotifyKeyboardKeysym(  # noqa: N802
        self, session: str, options: dict[str, Any], symbol: int, pressed: int
    ) -> None:
        if session != self.session:
            raise PermissionError("Invalid session")

    def _listed(self) -> list[Any]:
        more = {"trigger_description": ("s", self._shown)}
        return [(name, {"description": about["description"], **more}) for name, about in self.bound]

    def _to_client(self, path: str, interface: str, name: str, kinds: str, body: Any) -> Message:
        message = new_signal(DBusAddress(path, interface=PORTAL + interface), name, kinds, body)
        message.header.fields[HeaderFields.destination] = self.client
        return message

    def _path(self, kind: str, token: str) -> str:
        return f"{PATH}/{kind}/{self.client[1:].replace('.', '_')}/{token}"


def _is_whole(path: Path) -> bool:
    """Return whether there is an entry whose program is there, too, as GLib wants it."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return False
    entry = dict(line.split("=", 1) for line in lines if "=" in line)
    words = shlex.split(entry.get("Exec", "").replace("\\\\", "\\"))
    return lines[0] == "[Desktop Entry]" and bool(words) and Path(words[0]).is_file()
