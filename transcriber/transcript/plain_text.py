"""Text that stays on its line, whatever a decoder made of its tokens."""

from __future__ import annotations

import re
import unicodedata

_BREAKS = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")
"""What some reader or other takes for the end of a line, with the blanks around it."""

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufeff\ufffe\uffff]")
"""What nothing is written with: controls but the tab, the byte order mark, and no characters."""

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers of Korean, and the Braille cell without dots: letters and signs by name only."""


def one_line(text: str) -> str:
    r"""Return a text without controls, with a blank for each break of the line.

    Parameters
    ----------
    text : str
        Any text. One that has neither comes back as it is.

    Examples
    --------
    >>> one_line("one\r\ntwo\x07")
    'one two'
    """
    return _CONTROLS.sub("", _BREAKS.sub(" ", text))


def is_seen(text: str) -> bool:
    r"""Whether anything of a text is seen: blanks, joiners and soft hyphens alone are not.

    Examples
    --------
    >>> is_seen(" \u200b"), is_seen(".")
    (False, True)
    """
    return any(
        not one.isspace() and one not in _BLANK_LETTERS and unicodedata.category(one) != "Cf"
        for one in one_line(text)
    )
