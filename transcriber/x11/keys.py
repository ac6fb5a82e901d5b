"""Keys by their names: ``Ctrl+Alt+Q``."""

from __future__ import annotations

from dataclasses import dataclass

from transcriber.errors import UsageError

MODIFIERS = {"ctrl": "ctrl", "control": "ctrl", "shift": "shift", "alt": "alt"} | dict.fromkeys(
    ("super", "meta", "win", "logo"), "super"
)
"""What people call the modifiers, and what they are called here."""

_NAMED = {
    "space": 0x20,
    "backspace": 0xFF08,
    "tab": 0xFF09,
    "return": 0xFF0D,
    "enter": 0xFF0D,
    "pause": 0xFF13,
    "scrolllock": 0xFF14,
    "escape": 0xFF1B,
    "home": 0xFF50,
    "pageup": 0xFF55,
    "pagedown": 0xFF56,
    "end": 0xFF57,
    "print": 0xFF61,
    "insert": 0xFF63,
    "menu": 0xFF67,
    "delete": 0xFFFF,
}
"""Symbols of keys, as ``keysymdef.h`` has them; a character's of Latin-1 is its own number."""

_F1, _LAST_F = 0xFFBE, 24


@dataclass(frozen=True, kw_only=True)
class Keys:
    """A key, by its symbol, with the modifiers that are held with it."""

    symbol: int
    modifiers: frozenset[str]


def parse_keys(text: str) -> Keys:
    """Read the name of a key, with those of its modifiers before it.

    Raises
    ------
    UsageError
        When there is no such key, or nobody could type any more if it were taken.

    Examples
    --------
    >>> keys = parse_keys("Ctrl+Alt+Q")
    >>> chr(keys.symbol), sorted(keys.modifiers)
    ('q', ['alt', 'ctrl'])
    """
    *before, name = (part.strip().lower() for part in text.split("+"))
    remedy = "give for example Ctrl+Alt+Q, Super+Space, F9 or Pause"
    if unknown := [word for word in before if word not in MODIFIERS]:
        raise UsageError(f"{text!r}: there is no modifier {unknown[0]!r}", remedy)
    symbol = _symbol(name)
    if not symbol:
        raise UsageError(f"{text!r}: there is no key {name!r}", remedy)
    modifiers = frozenset(MODIFIERS[word] for word in before)
    typed = symbol < 0x100 or name in ("backspace", "tab", "return", "enter", "delete")
    if typed and modifiers <= {"shift"}:
        raise UsageError(f"{text!r} is needed for typing", f"add Ctrl, Alt or Super: {remedy}")
    return Keys(symbol=symbol, modifiers=modifiers)


def _symbol(name: str) -> int:
    """Return the symbol of a key, 0 where there is none."""
    if name[:1] == "f" and name[1:].isdecimal() and 1 <= int(name[1:]) <= _LAST_F:
        return _F1 + int(name[1:]) - 1
    if name in _NAMED:
        return _NAMED[name]
    return ord(name) if len(name) == 1 and name.isprintable() and ord(name) < 0x100 else 0
