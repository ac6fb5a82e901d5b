from __future__ import annotations

import select
import struct
import time

import pytest
from desktops import Desktop

from transcriber.errors import DesktopError
from transcriber.x11.connection import Connection, connect
from transcriber.x11.keyboard import GrabbedKey, Keyboard, press, read_keyboard
from transcriber.x11.keys import parse_keys
from x11.windows import KEY_PRESSES, KEY_RELEASES, Window, strike

CTRL, ALT, SHIFT, SUPER = 0xFFE3, 0xFFE9, 0xFFE1, 0xFFEB
NUM_LOCK, CAPS_LOCK = 0xFF7F, 0xFFE5
PRESS, RELEASE = 2, 3

RUSSIAN = Keyboard(
    first=8,
    rows=[(0x6CA, 0x6EA, 0x71, 0x51), (0x71, 0x51, 0, 0), (ALT, 0, 0, 0), (NUM_LOCK, 0, 0, 0)],
    modifiers=[(0, 0), (0, 0), (0, 0), (0, 11), (10, 0), (0, 0), (0, 0), (0, 0)],
)
"""Its first key is Q of the second layout; Num Lock and Alt have other bits than usual."""


def test_a_key_is_found_in_the_first_layout_that_has_it() -> None:
    assert RUSSIAN.code(0x71) == 9
    assert RUSSIAN.code(0x51) == 9
    assert RUSSIAN.code(0x6EA) == 8
    assert RUSSIAN.code(0x78) == 0


def test_modifiers_have_the_bits_that_the_server_gives_them() -> None:
    assert RUSSIAN.mask(frozenset({"ctrl", "alt"})) == 4 | 16
    assert RUSSIAN.mask(frozenset({"shift", "super"})) == 1 | 64
    assert RUSSIAN.lock_masks() == [0, 2, 8, 10]


def test_the_keyboard_of_a_server_is_read(x_server: Desktop) -> None:
    with connect() as connection:
        keyboard = read_keyboard(connection)
    assert keyboard.code(ord("q")) == 24
    assert keyboard.mask(frozenset({"ctrl", "alt", "super", "shift"})) == 1 | 4 | 8 | 64
    assert keyboard.lock_masks() == [0, 2, 16, 18]


def events(key: GrabbedKey, count: int, seconds: float = 5.0) -> list[str]:
    found = list[str]()
    end = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < end:
        if select.select([key], [], [], 0.1)[0]:
            found += key.events()
    return found


def test_a_grabbed_key_arrives_with_whichever_locks(x_server: Desktop) -> None:
    with connect() as user:
        key = GrabbedKey(connect(), parse_keys("Ctrl+Alt+Q"), "Ctrl+Alt+Q")
        assert list(key.events()) == []
        for locks in ((), (NUM_LOCK,), (CAPS_LOCK,), (NUM_LOCK,)):
            for lock in locks:
                strike(user, lock)
            strike(user, CTRL, ALT, ord("q"))
            assert events(key, 2) == ["pressed", "released"]
        strike(user, CAPS_LOCK)
        # Neither another key nor more modifiers.
        strike(user, CTRL, ALT, ord("w"))
        strike(user, CTRL, ALT, SHIFT, ord("q"))
        strike(user, CTRL, ord("q"))
        assert events(key, 1, seconds=0.2) == []
        # While the key is held, the server gives us all the others as well.
        strike(user, CTRL, ALT, ord("q"), ord("w"))
        assert events(key, 2) == ["pressed", "released"]
        assert events(key, 1, seconds=0.2) == []
        key.close()


def test_a_key_that_is_held_is_pressed_once(x_server: Desktop) -> None:
    """The server repeats it: this compares with a window that is told so."""
    with connect() as user, connect() as other:
        key = GrabbedKey(connect(), parse_keys("F9"), "F9")
        window = other.make_window(KEY_PRESSES | KEY_RELEASES)
        other.send(8, 0, struct.pack("<I", window))
        other.send(42, 0, struct.pack("<II", window, 0))
        strike(user, ord("a"), hold=1.0)
        assert len([event for event in other.events(1.0) if event[0] == PRESS]) > 3
        strike(user, 0xFFC6, hold=1.0)
        assert events(key, 2) == ["pressed", "released"]
        assert events(key, 1, seconds=0.2) == []
        key.close()


def test_the_halves_of_a_repetition_may_come_apart(
    x_server: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect() as connection:
        key = GrabbedKey(connection, parse_keys("F9"), "F9")
        pressed = struct.pack("<BBHI24x", PRESS, key._code, 0, 7000)
        released = struct.pack("<BBHI24x", RELEASE, key._code, 0, 7000)
        later = struct.pack("<BBHI24x", PRESS, key._code, 0, 7001)
        pieces = [[pressed, released], [pressed, released], [later]]
        monkeypatch.setattr(key._connection, "events", lambda _=0.0: iter(pieces.pop(0)))
        assert list(key.events()) == ["pressed", "released", "pressed"]
        assert pieces == []


def test_a_key_of_another_program_is_told(x_server: Desktop) -> None:
    with connect() as first, connect() as second:
        GrabbedKey(first, parse_keys("Ctrl+F8"), "Ctrl+F8")
        with pytest.raises(DesktopError, match=r"Ctrl\+F8 .*: another program has it: choose"):
            GrabbedKey(second, parse_keys("Ctrl+F8"), "Ctrl+F8")
        GrabbedKey(second, parse_keys("Ctrl+F7"), "Ctrl+F7")


def test_a_key_that_the_keyboard_lacks_is_told(x_server: Desktop) -> None:
    with connect() as connection, pytest.raises(DesktopError, match=r"no key for Ctrl[+]ÿ"):
        GrabbedKey(connection, parse_keys("Ctrl+ÿ"), "Ctrl+ÿ")


def test_a_server_that_ends_is_told_to_who_waits_for_keys(x_server: Desktop) -> None:
    connection = connect()
    key = GrabbedKey(connection, parse_keys("F7"), "F7")
    connection._socket.shutdown(2)
    with pytest.raises(DesktopError, match="does not answer"):
        list(key.events())
    key.close()


def strokes(connection: Connection) -> list[tuple[int, int, int]]:
    """Return kind, key and modifiers of what arrived in a window."""
    found = [event for event in connection.events(1.0) if event[0] in (PRESS, RELEASE)]
    return [(event[0], event[1], struct.unpack_from("<H", event, 28)[0]) for event in found]


def test_keys_are_pressed_and_released(x_server: Desktop) -> None:
    with Window() as window, connect() as connection:
        keyboard = read_keyboard(connection)
        ctrl, v = keyboard.code(CTRL), keyboard.code(ord("v"))
        press(connection, (CTRL, ord("v")))
        assert strokes(window.connection) == [(PRESS, ctrl, 0), (PRESS, v, 4)]
        assert not any(connection.ask(44)[8:40])


def test_what_is_held_of_the_hot_key_is_no_part_of_it(x_server: Desktop) -> None:
    with Window() as window, connect() as connection:
        v = read_keyboard(connection).code(ord("v"))
        strike(connection, ALT, SUPER, release=False)
        press(connection, (CTRL, ord("v")))
        assert (PRESS, v, 4) in strokes(window.connection)
        assert not any(connection.ask(44)[8:40])


def test_a_keyboard_without_the_key_is_told(x_server: Desktop) -> None:
    with connect() as connection, pytest.raises(DesktopError, match=r"lacks a key.*by hand"):
        press(connection, (CTRL, 0x6CA))


def test_a_server_without_xtest_is_told(x_server: Desktop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "extension", lambda *_: 0)
    with connect() as connection, pytest.raises(DesktopError, match=r"XTEST.*by hand"):
        press(connection, (CTRL, ord("v")))
