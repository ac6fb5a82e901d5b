"""A program with a window, for the tests: it has the focus, and pastes when it is told by keys."""

from __future__ import annotations

import struct
import time

from transcriber.x11.connection import PROPERTY_CHANGES, Connection, connect
from transcriber.x11.keyboard import read_keyboard

KEY_PRESSES, KEY_RELEASES = 1, 2
CONTROL, SHIFT = 4, 1
_PRESS = 2
SELECTION_NOTIFY = 31
_MAP_WINDOW, _GET_PROPERTY, _CONVERT, _SET_FOCUS = 8, 20, 24, 42
_SECONDS = 10.0


class Window:
    """A window that has the focus."""

    def __init__(self) -> None:
        self.connection = connect()
        self.window = self.connection.make_window(KEY_PRESSES | PROPERTY_CHANGES)
        self.connection.send(_MAP_WINDOW, 0, struct.pack("<I", self.window))
        self.connection.send(_SET_FOCUS, 0, struct.pack("<II", self.window, 0))
        assert not self.connection.failures()

    def __enter__(self) -> Window:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def pasted(self) -> str:
        """Wait for Ctrl+V or Shift+Insert; return what such a key makes a window write."""
        keyboard = read_keyboard(self.connection)
        chosen = {
            (keyboard.code(ord("v")), CONTROL): "CLIPBOARD",
            (keyboard.code(0xFF63), SHIFT): "PRIMARY",
        }
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            for event in self.connection.events(0.1):
                (state,) = struct.unpack_from("<H", event, 28)
                if event[0] == _PRESS and (event[1], state) in chosen:
                    return self.selection(chosen[event[1], state])
        raise AssertionError("no keys came")

    def selection(self, name: str, target: str = "UTF8_STRING") -> str:
        """Ask for a selection, and return it."""
        here = self.connection.atom("HERE")
        numbers = (self.window, *map(self.connection.atom, (name, target)), here, 0)
        self.connection.send(_CONVERT, 0, struct.pack("<5I", *numbers))
        await_event(self.connection, SELECTION_NOTIFY)
        body = struct.pack("<5I", self.window, here, 0, 0, 100_000)
        answer = self.connection.ask(_GET_PROPERTY, 1, body)
        (length,) = struct.unpack_from("<I", answer, 16)
        return answer[32 : 32 + length].decode()


def await_event(connection: Connection, kind: int) -> bytes:
    """Wait for an event, and return it; what comes before it is dropped."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        for event in connection.events(0.1):
            if event[0] & 0x7F == kind:
                return event
    raise AssertionError(f"no event {kind} came")


def strike(connection: Connection, *symbols: int, release: bool = True, hold: float = 0.0) -> None:
    """Press keys by XTEST, one after the other, and release them in the other order."""
    extension = connection.extension("XTEST")
    keyboard = read_keyboard(connection)
    codes = [keyboard.code(symbol) for symbol in symbols]
    assert 0 not in codes
    for code in codes:
        _stroke(connection, extension, 2, code)
    time.sleep(hold)
    for code in reversed(codes if release else ()):
        _stroke(connection, extension, 3, code)
    assert not connection.failures()


def _stroke(connection: Connection, extension: int, kind: int, code: int) -> None:
    connection.send(extension, 2, struct.pack("<BB2xIII16x", kind, code, 0, 0, 0))
