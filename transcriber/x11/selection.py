"""The clipboard of X: whoever has copied keeps the text, and gives it to each who asks.

So a process of its own stays behind, until something else is copied: a small one, started anew,
and not a fork, which would hold the memory of a model, files and locks. The selection is taken
before it starts, so that a failure is told here, and who asks meanwhile waits for it.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.beside import native_executable
from transcriber.errors import DesktopError
from transcriber.x11.connection import (
    CHANGE_ATTRIBUTES,
    PROPERTY_CHANGES,
    PROPERTY_NOTIFY,
    Connection,
    connect,
)

COMMAND = "__keep_selection__"
"""The first argument of the process that keeps the text; only this program gives it."""

SECRET = "x-kde-passwordManagerHint"  # noqa: S105 - a type of content
"""What Klipper and others look for, and then do not add the text to their history."""

_SET_OWNER, _GET_OWNER, _SEND_EVENT = 22, 23, 25
_CLEAR, _REQUEST, _NOTIFY = 29, 30, 31
_ATOM, _CARDINAL_LIKE_INTEGER, _STRING, _WM_NAME = 4, 19, 31, 39
"""Numbers of names that every server has."""

_DELETED = 1
_EVENT_MASK = 1 << 11
_ROOM = 128
"""More than the head of a request that carries a piece of text."""

_LAST_PIECES = 3.0
"""Seconds in which one who asked before the text was replaced must take the next piece."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is given to who asks for one type of content."""

    kind: int
    unit: int
    content: bytes


@dataclass(kw_only=True)
class _Delivery:
    """A long text on its way, piece by piece (INCR)."""

    target: Target
    sent: int = 0


def take_selections(text: str, *, secret: bool, names: Sequence[str] = ("CLIPBOARD",)) -> None:
    """Copy a text: become the owner of selections, and leave a process that keeps it.

    Parameters
    ----------
    text : str
        What to copy.
    secret : bool
        Whether programs that keep a history are asked to leave it out.
    names : sequence of str
        The selections; PRIMARY is what the middle button pastes.

    Raises
    ------
    DesktopError
        When there is no X server, or it does not give the selections.
    """
    with connect() as connection:
        window = connection.make_window(PROPERTY_CHANGES)
        when = _now(connection, window)
        for name in names:
            selection = connection.atom(name)
            connection.send(_SET_OWNER, 0, struct.pack("<III", window, selection, when))
            answer = connection.ask(_GET_OWNER, 0, struct.pack("<I", selection))
            if struct.unpack_from("<I", answer, 8)[0] != window:
                raise DesktopError(
                    f"the X server gives {name} to somebody else", "try to copy once more"
                )
        numbers = window, when, connection.sequence, connection.longest, int(secret), len(names)
        # Some clipboard managers ask in the moment of the change.
        words = *map(str, numbers), connection.unread().hex()
        _leave_keeper(connection, words, text)


def _leave_keeper(connection: Connection, words: Sequence[str], text: str) -> None:
    """Start the process that keeps the text, which it reads from a file without a name."""
    program = native_executable()
    # As a module, it is found without the table of the program's children.
    start = [program, COMMAND] if program else [sys.executable, "-P", "-m", __name__]
    memory = os.memfd_create("text")
    try:
        with open(
            memory, "w", encoding="utf-8", errors="replace", newline="", closefd=False
        ) as file:
            file.write(text)
        os.lseek(memory, 0, os.SEEK_SET)
        keeper = subprocess.Popen(
            [*start, str(connection.fileno()), *words],
            stdin=memory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(connection.fileno(),),
            start_new_session=True,
        )
    except OSError as error:
        raise DesktopError(
            f"the process that keeps the clipboard does not start: {error}"
        ) from error
    finally:
        os.close(memory)
    # It ends when something else is copied, if we are still there.
    threading.Thread(target=keeper.wait, daemon=True).start()


def main(arguments: Sequence[str]) -> int:
    """Keep the text of standard input for a connection that is handed over, until it is replaced.

    Parameters
    ----------
    arguments : sequence of str
        The connection's descriptor, our window, since when it has the selections, how many
        requests were sent, how long one may be, whether the text is secret, how many
        selections there are, and what was received already.
    """
    descriptor, window, when, sequence, longest, secret, count = map(int, arguments[:-1])
    text = sys.stdin.buffer.read().decode()
    # The folder that the user was in may have to be unmounted.
    os.chdir("/")
    unread = bytes.fromhex(arguments[-1])
    with Connection(socket.socket(fileno=descriptor), sequence, unread) as connection:
        connection.longest = longest
        keeper = Keeper(connection, window, text, when=when, secret=bool(secret))
        try:
            keeper.serve(count)
        except DesktopError:
            # The desktop's session is over.
            return 0
    return 0


class Keeper:
    """Gives a text to those who ask for the selections that a window has.

    Parameters
    ----------
    connection : Connection
        The server's.
    window : int
        Ours, which has the selections.
    text : str
        What was copied.
    when : int
        The server's time at which it was.
    secret : bool
        Whether it is to be kept in no history.
    """

    def __init__(
        self, connection: Connection, window: int, text: str, *, when: int, secret: bool
    ) -> None:
        self._connection = connection
        self._window = window
        self._incremental = connection.atom("INCR")
        self._deliveries: dict[tuple[int, int], _Delivery] = {}
        self._piece = connection.longest - _ROOM
        self._targets = self._offer(text, when, secret=secret)

    def _offer(self, text: str, when: int, *, secret: bool) -> dict[int, Target]:
        """Return what is given for each target."""
        atom = self._connection.atom
        utf8, number = text.encode(), struct.pack("<I", when)
        offered = {
            _STRING: Target(kind=_STRING, unit=8, content=text.encode("latin-1", "replace")),
            atom("TIMESTAMP"): Target(kind=_CARDINAL_LIKE_INTEGER, unit=32, content=number),
        }
        for kind in map(atom, ("UTF8_STRING", "text/plain;charset=utf-8")):
            offered[kind] = Target(kind=kind, unit=8, content=utf8)
        if secret:
            kind = atom(SECRET)
            offered[kind] = Target(kind=kind, unit=8, content=b"secret")
        targets = atom("TARGETS")
        names = struct.pack(f"<{len(offered) + 1}I", targets, *offered)
        return {targets: Target(kind=_ATOM, unit=32, content=names), **offered}

    def serve(self, selections: int) -> None:
        """Answer until all selections have been taken by others.

        Raises
        ------
        DesktopError
            When the server is gone.
        """
        last = time.monotonic()
        while selections > 0 or self._deliveries:
            for event in self._connection.events(None if selections > 0 else _LAST_PIECES):
                last = time.monotonic()
                kind = event[0] & 0x7F
                if kind == _CLEAR:
                    selections -= 1
                elif kind == _REQUEST:
                    self._answer(event)
                elif kind == PROPERTY_NOTIFY and event[16] == _DELETED:
                    self._deliver(*struct.unpack_from("<II", event, 4))
            if selections <= 0 and time.monotonic() - last >= _LAST_PIECES:
                break
        # The server may drop what is still on its way when a client closes.
        self._connection.failures()

    def _answer(self, event: bytes) -> None:
        """Write what is asked for where it is asked for, and tell so."""
        when, _, asker, selection, target, name = struct.unpack_from("<6I", event, 4)
        # Programs of old name no property.
        name = name or target
        offered = self._targets.get(target)
        if offered is None:
            name = 0
        elif len(offered.content) <= self._piece:
            self._write(asker, name, offered.kind, offered.content, offered.unit)
        else:
            self._deliveries[asker, name] = _Delivery(target=offered)
            self._watch(asker, PROPERTY_CHANGES)
            length = struct.pack("<I", len(offered.content))
            self._write(asker, name, self._incremental, length, 32)
        told = struct.pack("<BxHIIIII8x", _NOTIFY, 0, when, asker, selection, target, name)
        self._connection.send(_SEND_EVENT, 0, struct.pack("<II", asker, 0) + told)

    def _deliver(self, asker: int, name: int) -> None:
        """Write the next piece, since the one before was read; an empty one ends it."""
        delivery = self._deliveries.get((asker, name))
        if delivery is None:
            return
        target = delivery.target
        piece = target.content[delivery.sent : delivery.sent + self._piece]
        delivery.sent += len(piece)
        self._write(asker, name, target.kind, piece, target.unit)
        if not piece:
            del self._deliveries[asker, name]
            if asker not in {window for window, _ in self._deliveries}:
                self._watch(asker, 0)

    def _write(self, asker: int, name: int, kind: int, content: bytes, unit: int) -> None:
        self._connection.change_property(asker, name, kind, content, unit=unit)

    def _watch(self, asker: int, events: int) -> None:
        body = struct.pack("<III", asker, _EVENT_MASK, events)
        self._connection.send(CHANGE_ATTRIBUTES, 0, body)


def _now(connection: Connection, window: int) -> int:
    """Return the server's time, which it tells with every change of a property."""
    connection.change_property(window, _WM_NAME, _STRING, b"")
    # It is told before the answer to what is asked after it.
    connection.failures()
    for event in connection.events():
        if event[0] & 0x7F == PROPERTY_NOTIFY:
            return int(struct.unpack_from("<I", event, 12)[0])
    raise DesktopError("the X server does not tell the time")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
