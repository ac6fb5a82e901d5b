"""The keyboard: which key bears a symbol, taking a key for ourselves, and pressing keys."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from transcriber.errors import DesktopError
from transcriber.x11.connection import Connection
from transcriber.x11.keys import Keys

_GRAB_KEY, _QUERY_KEYMAP, _GET_KEYS, _GET_MODIFIERS = 33, 44, 101, 119
_PRESS, _RELEASE = 2, 3
_ASYNCHRONOUS = 1
_BAD_ACCESS = 10
_FAKE_INPUT = 2
"""The request of the extension XTEST."""

_CAPS_LOCK = 2
_FIXED = {"shift": 1, "ctrl": 4}
_FOUND_BY_SYMBOL = {"alt": ((0xFFE9, 0xFFEA), 8), "super": ((0xFFEB, 0xFFEC), 64)}
"""The left and right key of each, and its usual bit, where neither key has one."""

_LOCKS = 0xFF7F, 0xFF14
"""Num Lock and Scroll Lock."""

_SAME_MOMENT = 0.02
"""Seconds to wait for the second half of an automatic repetition; the server sends both at once."""


@dataclass(frozen=True, kw_only=True)
class Keyboard:
    """What the keys mean.

    Attributes
    ----------
    first : int
        Code of the first key.
    rows : sequence of sequence of int
        The symbols of each key, the one without modifiers first.
    modifiers : sequence of sequence of int
        The codes of the keys of each of the eight modifiers; some are 0, which is none.
    """

    first: int
    rows: Sequence[Sequence[int]]
    modifiers: Sequence[Sequence[int]]

    def code(self, symbol: int) -> int:
        """Return the key with this symbol, 0 where there is none."""
        for column in zip(*self.rows, strict=True):
            if symbol in column:
                return self.first + column.index(symbol)
        return 0

    def bit(self, symbols: Sequence[int]) -> int:
        """Return the bit of the modifier that a key with one of these symbols is, or 0."""
        for index, codes in enumerate(self.modifiers):
            for code in codes:
                if code >= self.first and set(self.rows[code - self.first]) & set(symbols):
                    return 1 << index
        return 0

    def mask(self, names: frozenset[str]) -> int:
        """Return the bits of the modifiers of these names."""
        bits = dict(_FIXED)
        for name, (symbols, usual) in _FOUND_BY_SYMBOL.items():
            bits[name] = self.bit(symbols) or usual
        return sum(bits[name] for name in names)

    def lock_masks(self) -> list[int]:
        """Return the bits of every choice of locks that may be on."""
        locks = {_CAPS_LOCK, *(self.bit([symbol]) for symbol in _LOCKS)} - {0}
        chosen = [itertools.combinations(sorted(locks), count) for count in range(len(locks) + 1)]
        return [sum(some) for some in itertools.chain.from_iterable(chosen)]


def read_keyboard(connection: Connection) -> Keyboard:
    """Ask the server what the keys mean."""
    first, last = connection.key_range
    count = last - first + 1
    answer = connection.ask(_GET_KEYS, 0, struct.pack("<BB", first, count))
    symbols = struct.unpack_from(f"<{count * answer[1]}I", answer, 32)
    codes = connection.ask(_GET_MODIFIERS)
    return Keyboard(
        first=first,
        rows=_in_rows(symbols, answer[1]),
        modifiers=_in_rows(codes[32 : 32 + 8 * codes[1]], codes[1]),
    )


class GrabbedKey:
    """A key that this program has for itself, in whichever window it is pressed.

    Parameters
    ----------
    connection : Connection
        The server's; closing it gives the key back.
    keys : Keys
        The key and its modifiers.
    name : str
        What the user calls them.

    Raises
    ------
    DesktopError
        When the keyboard has no such key, or another program has taken it.
    """

    def __init__(self, connection: Connection, keys: Keys, name: str) -> None:
        self._connection = connection
        keyboard = read_keyboard(connection)
        self._code = keyboard.code(keys.symbol)
        if not self._code:
            raise DesktopError(f"the keyboard has no key for {name}", "choose another one")
        mask = keyboard.mask(keys.modifiers)
        for locks in keyboard.lock_masks():
            body = struct.pack(
                "<IHBBB3x",
                *(connection.root, mask | locks, self._code, _ASYNCHRONOUS, _ASYNCHRONOUS),
            )
            connection.send(_GRAB_KEY, 0, body)
        if failed := connection.failures():
            taken = "another program has it" if _BAD_ACCESS in failed else f"error {failed[0]}"
            raise DesktopError(f"{name} cannot be a global hot key: {taken}", "choose another one")

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is something to know."""
        return self._connection.fileno()

    def events(self) -> Iterator[Literal["pressed", "released"]]:
        """Yield ``pressed`` and ``released`` for what has happened; repetitions are left out."""
        waiting = list(self._connection.events())
        while waiting:
            event = waiting.pop(0)
            kind = event[0] & 0x7F
            if kind not in (_PRESS, _RELEASE) or event[1] != self._code:
                continue
            if kind == _RELEASE:
                waiting += [] if waiting else self._connection.events(_SAME_MOMENT)
                if waiting and _repeats(event, waiting[0]):
                    del waiting[0]
                    continue
            yield "pressed" if kind == _PRESS else "released"

    def close(self) -> None:
        """Give the key back."""
        self._connection.close()


def press(connection: Connection, symbols: Sequence[int]) -> None:
    """Press keys, one while those before it are held, and release them.

    Modifiers that somebody still holds, as of the hot key, are released first: the window would
    take them for a part of this.

    Raises
    ------
    DesktopError
        When the server has no XTEST, or the keyboard no such key.
    """
    extension = connection.extension("XTEST")
    if not extension:
        raise DesktopError("the X server lacks the extension XTEST", "paste by hand")
    keyboard = read_keyboard(connection)
    codes = [keyboard.code(symbol) for symbol in symbols]
    if 0 in codes:
        raise DesktopError("the keyboard lacks a key that is needed to paste", "paste by hand")
    down = connection.ask(_QUERY_KEYMAP)[8:40]
    held = [
        code
        for code in sorted(set(itertools.chain.from_iterable(keyboard.modifiers)) - {0})
        if down[code // 8] >> code % 8 & 1
    ]
    strokes = [(_RELEASE, code) for code in held]
    strokes += [(_PRESS, code) for code in codes]
    strokes += [(_RELEASE, code) for code in reversed(codes)]
    for kind, code in strokes:
        connection.send(extension, _FAKE_INPUT, struct.pack("<BB2xIII16x", kind, code, 0, 0, 0))
    if failed := connection.failures():
        raise DesktopError(f"the X server presses no keys: error {failed[0]}", "paste by hand")


def _repeats(release: bytes, event: bytes) -> bool:
    """Return whether `event` presses the key again in the moment of its release."""
    return event[0] & 0x7F == _PRESS and event[1] == release[1] and event[4:8] == release[4:8]


def _in_rows(numbers: Sequence[int], width: int) -> list[Sequence[int]]:
    return [numbers[place : place + width] for place in range(0, len(numbers), width or 1)]
