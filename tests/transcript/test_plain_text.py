from __future__ import annotations

import sys
import unicodedata

import pytest

from transcriber.transcript.plain_text import is_seen, one_line


@pytest.mark.parametrize(
    "text",
    ["", " ", " Grün, 語, 😀", "a\tb", "\u202bעברית", "नमस्ते", "a\u00a0b", "\ud83d", "a\u200db"],
    ids=ascii,
)
def test_text_without_breaks_comes_back_as_it_is(text: str) -> None:
    assert one_line(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\nb", "a b"),
        (" a \r\n\r\n b", " a b"),
        ("a\x85b\u2028c\u2029d", "a b c d"),
        ("a\vb\fc", "a b c"),
        ("a\x1cb\x1dc\x1ed", "a b c d"),
        ("\na\n", " a "),
        ("a\x00b\x1b[1mc\x7fd\x9be", "ab[1mcde"),
        ("\ufeffa\ufdd0b\uffff", "ab"),
    ],
    ids=ascii,
)
def test_breaks_become_blanks_and_controls_go(text: str, expected: str) -> None:
    assert one_line(text) == expected


def test_no_character_ends_a_line_or_controls_anything() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) not in ("Cc", "Zl", "Zp") or character == "\t":
            continue
        cleaned = one_line(f"a{character}b")
        assert cleaned in ("ab", "a b"), ascii(character)
        assert len(cleaned.splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["a", ".", " \u200b語", "\ufffd", "\U0001f600", "\u0301", "\ud83d", "♪"]
)
def test_what_is_seen(text: str) -> None:
    assert is_seen(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "\x00",
        "\n\n",
        "\u200b",
        "\u00ad \u2060",
        "\u202e",
        "\u3000",
        "\ufeff",
        "\u2800",
        "\u3164",
    ],
    ids=ascii,
)
def test_what_is_not_seen(text: str) -> None:
    assert not is_seen(text)
