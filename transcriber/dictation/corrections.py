"""The user's list of what is heard wrong again and again, and what is meant.

A line of it is ``heard -> meant``, or with ``→``. Empty lines and those that begin with ``#`` are
passed over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transcriber.dictation.vocabulary import read_words
from transcriber.errors import UsageError

_ARROW = re.compile("->|→|=>")
_CHARACTERS = {"'": "['’]", "’": "['’]"}

_NO_BLANKS = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Characters of scripts that set no blanks between words, so that no edge of a word is seen."""

_SENTENCE_START = re.compile(r"(?:^|[.!?…。！？]['\"”’»)]*\s|\n)[\s\"'“„«¿¡(]*$")


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What is heard, and what is meant by it; both composed (NFC)."""

    heard: str
    meant: str


def read_corrections(path: Path) -> tuple[Correction, ...]:
    """Read a list of corrections.

    Raises
    ------
    UsageError
        When it cannot be read, or a line of it makes no sense: it names file and line.
    """
    return parse_corrections(read_words(path), str(path))


def parse_corrections(text: str, name: str) -> tuple[Correction, ...]:
    """Return the corrections of a list, in its order.

    Parameters
    ----------
    text : str
        The list.
    name : str
        What it is called where a line makes no sense.

    Raises
    ------
    UsageError
        When a line makes no sense.

    Examples
    --------
    >>> parse_corrections("pie torch -> PyTorch", "my list")
    (Correction(heard='pie torch', meant='PyTorch'),)
    """
    found: dict[str, tuple[int, Correction]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        content = unicodedata.normalize("NFC", line.strip())
        if not content or content.startswith("#"):
            continue
        where = f"{name}, line {number}"
        parts = [" ".join(part.split()) for part in _ARROW.split(content, maxsplit=1)]
        if len(parts) < 2 or not all(parts):
            raise UsageError(f"{where}: {line.strip()!r} is no correction", "write heard -> meant")
        correction = Correction(heard=parts[0], meant=parts[1])
        earlier = found.setdefault(_key(correction.heard), (number, correction))
        if earlier[1].meant != correction.meant:
            raise UsageError(
                f"{where}: {correction.heard!r} has another meaning in line {earlier[0]}",
                "remove one of them",
            )
    return tuple(correction for _, correction in found.values())


def correct(text: str, corrections: Sequence[Correction]) -> str:
    r"""Write what is meant where something else was heard.

    Whole words are compared, in whatever case. The longest correction goes first, and none is
    applied to another's result. What is meant is written as it stands in the list; without a
    capital there, it gets the one of a sentence's beginning, and all capitals of what was heard.

    Examples
    --------
    >>> rules = parse_corrections("pie torch -> PyTorch\nteh -> the", "my list")
    >>> correct("Pie torch. Teh end of teh spy torch.", rules)
    'PyTorch. The end of the spy torch.'
    """
    if not corrections:
        return text
    # Composed, a letter is one character. A text with nothing to correct stays as it is.
    composed = unicodedata.normalize("NFC", text)
    longest_first = sorted(corrections, key=lambda one: len(one.heard), reverse=True)
    # A stable sort: those that may begin within a word come last.
    ordered = sorted(longest_first, key=lambda one: bool(_NO_BLANKS.match(one.heard)))

    def replace(found: re.Match[str]) -> str:
        start = found.start()
        before = composed[max(start - 80, 0) : start]
        return _written(found[0], ordered[(found.lastindex or 1) - 1], before)

    written, count = _pattern([one.heard for one in ordered], composed).subn(replace, composed)
    return written if count else text


def _pattern(ordered: Sequence[str], text: str) -> re.Pattern[str]:
    """Return what finds the words, with a group for each, in this order."""
    # Python's \w leaves out marks such as the vowels of Hindi, which are within words, too.
    marks = sorted({sign for sign in text if unicodedata.category(sign).startswith("M")})
    word = rf"[\w{''.join(map(re.escape, marks))}]"

    def one(heard: str) -> str:
        words = r"\s+".join(
            "".join(_CHARACTERS.get(sign) or re.escape(sign) for sign in part)
            for part in heard.split(" ")
        )
        return f"({words})" + ("" if _NO_BLANKS.match(heard[-1]) else f"(?!{word})")

    bound = [one(heard) for heard in ordered if not _NO_BLANKS.match(heard)]
    free = [one(heard) for heard in ordered if _NO_BLANKS.match(heard)]
    alternatives = [f"(?<!{word})(?:{'|'.join(bound)})"] if bound else []
    return re.compile("|".join(alternatives + free), re.IGNORECASE)


def _written(found: str, correction: Correction, before: str) -> str:
    meant = correction.meant
    if meant != meant.lower():
        return meant
    if len(found) > 1 and found == found.upper() != found.lower() and found != correction.heard:
        return meant.upper()
    is_raised = found[0] != correction.heard[0] or _SENTENCE_START.search(before)
    return meant[0].upper() + meant[1:] if found[0].isupper() and is_raised else meant


def _key(heard: str) -> str:
    return " ".join(heard.lower().replace("’", "'").split())
