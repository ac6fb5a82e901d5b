"""How many columns a text takes where all characters are equally wide, as on a terminal."""

from __future__ import annotations

import unicodedata


def text_width(text: str) -> int:
    """Return the columns of a text: two for a wide character, none for what lies over another."""
    if text.isascii():
        return len(text)
    return sum(_width(character) for character in text)


def shortened(text: str, columns: int) -> str:
    """Return a text in so many columns at most, with its end, and a sign where some is missing."""
    if text_width(text) <= columns:
        return text
    start, end = "", ""
    for character in reversed(text):
        if text_width(character + end) > (columns - 1) // 2:
            break
        end = character + end
    for character in text:
        if text_width(start + character) > columns - 1 - text_width(end):
            break
        start += character
    return f"{start}…{end}"


def without_marks(text: str) -> str:
    """Return a text with each accent in its letter, and without what takes no column by itself.

    Some count a column for each character, whatever it looks like.
    """
    if text.isascii():
        return text
    return "".join(one for one in unicodedata.normalize("NFC", text) if _width(one))


def is_wide(character: str) -> bool:
    """Whether a character takes two columns, as those of Chinese, Japanese and Korean do."""
    return unicodedata.east_asian_width(character) in "WF"


def _width(character: str) -> int:
    # Marks over another character, and signs that are not shown, such as those that join emoji.
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if is_wide(character) else 1
