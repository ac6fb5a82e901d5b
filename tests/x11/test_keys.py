from __future__ import annotations

import pytest

from transcriber.errors import UsageError
from transcriber.x11.keys import Keys, parse_keys


@pytest.mark.parametrize(
    ("text", "symbol", "modifiers"),
    [
        ("Ctrl+Alt+Q", ord("q"), {"ctrl", "alt"}),
        (" control + SHIFT + 1 ", ord("1"), {"ctrl", "shift"}),
        ("Meta+Space", 0x20, {"super"}),
        ("F9", 0xFFC6, set()),
        ("Shift+F24", 0xFFD5, {"shift"}),
        ("ScrollLock", 0xFF14, set()),
        ("Alt+f", ord("f"), {"alt"}),
        ("Ctrl+ö", 0xF6, {"ctrl"}),
    ],
)
def test_a_key_is_a_symbol_with_modifiers(text: str, symbol: int, modifiers: set[str]) -> None:
    assert parse_keys(text) == Keys(symbol=symbol, modifiers=frozenset(modifiers))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Hyper+Q", "no modifier 'hyper'"),
        ("Ctrl+Foo", "no key 'foo'"),
        ("Ctrl+", "no key ''"),
        ("", "no key ''"),
        ("F25", "no key 'f25'"),
        ("F0", "no key 'f0'"),
        ("Ctrl+я", "no key 'я'"),
    ],
)
def test_what_is_no_key_is_told_with_examples(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=f"{told}.*Ctrl[+]Alt[+]Q"):
        parse_keys(text)


@pytest.mark.parametrize("text", ["q", "Shift+Q", "space", "Return", "Shift+Tab"])
def test_what_people_type_with_is_not_taken_from_them(text: str) -> None:
    with pytest.raises(UsageError, match="needed for typing"):
        parse_keys(text)
