"""Spoken commands: "new line", "comma", "open quote" become what they mean.

Whisper writes a command as words, with punctuation of its own around it ("Dear Anna, comma. New
line. Thank you."). That punctuation goes with the command. A full stop, question mark or
exclamation mark before a new line, a quote or a bracket stays: it ends the sentence.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_ENDS = ".?!…"
_SIGNS = ".,?!:;"
_AROUND = " \t\r\n\u00a0\u202f,.;:!?…–—"
"""What Whisper writes around a command."""
_LAST_WORD = re.compile(r"([^\W\d_]+)\s+$")
_FIRST_WORD = re.compile(r"\W{0,2}([^\W\d_])([\w'’]*)")


@dataclass(frozen=True, kw_only=True)
class _Table:
    """The commands of a language: the pattern, what each writes, and the words beside them."""

    pattern: re.Pattern[str]
    written: Mapping[str, str]
    common: frozenset[str]
    noun: frozenset[str]
    small: frozenset[str]


def languages() -> tuple[str, ...]:
    """Return the codes of the languages that have a table of commands."""
    return tuple(_tables())


def apply(text: str, language: str) -> str:
    r"""Carry out the commands in a text. One without a command comes back as it is.

    Parameters
    ----------
    text : str
        All pieces of a session, joined by blanks, so that a command works at a piece's edge.
    language : str
        Code of the language; one without a table has no commands.

    Examples
    --------
    >>> apply("Dear Anna, comma. New line. thank you. Question mark.", "en")
    'Dear Anna,\nThank you?'
    >>> apply("It is a new line of shoes.", "en")
    'It is a new line of shoes.'
    """
    table = _table(language)
    commands = list(_commands(text, table)) if table else []
    if table is None or not commands:
        return text
    writer = _Writer(table)
    position = 0
    for start, end, key in commands:
        writer.write(text[position:start], key)
        position = end
    writer.write(text[position:], None)
    return writer.text


def join(pieces: Sequence[str], language: str) -> str:
    r"""Join pieces in which the commands are carried out already, each for itself.

    Examples
    --------
    >>> join(["Dear Anna", ", thank you.", "\nYours"], "en")
    'Dear Anna, thank you.\nYours'
    """
    table = _table(language)
    keys = set(table.written.values()) if table else set()
    before = {key.strip() for key in keys if key.endswith(" ") and not key.startswith(" ")}
    behind = tuple(key.lstrip(" ") for key in keys if not key.endswith(" "))
    text = ""
    for piece in pieces:
        visible = piece.lstrip("\u00a0")
        sign, following = visible[:1], visible[1:2]
        if sign in before and not following.isalnum() and following != sign:
            text = text.rstrip(" ,.;:!?…" if sign in _SIGNS else " ")
        elif piece.startswith("\n"):
            text = text.rstrip(" ,;")
        elif text and piece and not text.endswith((" ", *behind)) and not piece.startswith(" "):
            text += " "
        text += _capital(piece) if text.endswith("\n") else piece
    return text


class _Writer:
    """Writes a text anew: what lies between commands, and what they mean."""

    def __init__(self, table: _Table) -> None:
        self.text = ""
        self._table = table
        self._last: str | None = None
        self._capital = False
        self._ended = False
        """Whether Whisper ended a sentence where a command was."""
        self._open_end = False
        """Whether the sentence may end behind the closing quote or bracket just written."""
        self._is_over = False
        """Whether it has ended before that."""

    def write(self, between: str, key: str | None) -> None:
        """Write what lies between two commands, then the second; None at the text's end."""
        body = between.strip(_AROUND)
        start = between.find(body) if body else len(between)
        lead, tail = between[:start], between[start + len(body) :]
        if self._last is None:
            # The text's beginning: what no command is before stays as it is.
            self.text, lead = (lead, "") if body or key is None else ("", "")
        end = _ends(lead)[:1]
        if self._open_end and end and (body or key is None):
            self.text = f"{self.text.rstrip(' ')}{end} "
            self._capital = True
        self._ended |= bool(end)
        if body:
            self.text += self._cased(body)
            self._ended = False
        if key is None:
            self.text = (self.text + tail) if body else self.text.rstrip(" ")
        else:
            self._command(key, tail, fresh=not body)

    def _command(self, key: str, tail: str, *, fresh: bool) -> None:
        sign = key.strip()
        is_line, is_opening = key.endswith("\n"), _is_opening(key)
        is_sign = sign[:1] in tuple(_SIGNS) or sign == "–"
        is_closing = not (is_sign or is_line or is_opening)
        first = not self.text.strip()
        kept = "" if is_sign else _ends(tail, "" if is_closing else ":")
        self._ended |= bool(_ends(tail))
        self.text = self.text.rstrip(" ") + kept
        if sign == "." and self.text.endswith(("?", "!")):
            key = key[1:]
        is_tight = first or self.text.endswith("\n") or (fresh and _is_opening(self._last or ""))
        self.text += key.lstrip(" ") if is_tight else key
        if is_line or sign in (".", "?", "!"):
            self._capital = True
        elif is_opening:
            self._capital |= first or bool(_ends(kept))
        else:
            self._capital = False
        self._open_end = is_closing and not kept
        self._is_over = is_closing and bool(kept)
        self._last = key

    def _cased(self, body: str) -> str:
        if self._capital:
            self._capital = False
            return _capital(body)
        first = _FIRST_WORD.match(body)
        if self._ended and not self._is_over and first and first[0].lower() in self._table.small:
            return body[0].lower() + body[1:]
        return body


def _is_opening(key: str) -> bool:
    return key.startswith(" ") and not key.endswith(" ")


def _ends(punctuation: str, more: str = "") -> str:
    return "".join(sign for sign in punctuation if sign in _ENDS + more)


def _capital(text: str) -> str:
    """Begin a text with a capital, unless its first word has one inside: iPhone."""
    first = _FIRST_WORD.match(text)
    if first is None or first[2] != first[2].lower():
        return text
    at = first.start(1)
    return text[:at] + text[at].upper() + text[at + 1 :]


def _commands(text: str, table: _Table) -> Iterator[tuple[int, int, str]]:
    """Yield where each command begins and ends, and what it writes."""
    last = 0
    for found in table.pattern.finditer(text):
        start, end = found.span()
        phrase = _plain(found[0])
        between = text[last:start]
        follows = last > 0 and not between.strip(_AROUND)
        word = _LAST_WORD.search(between[-40:])
        if word and word[1].lower() in table.noun:
            continue
        if phrase in table.common:
            stripped = between.rstrip()
            rest = text[end : end + 80].lstrip()
            before = follows or not stripped or stripped[-1] in _AROUND
            behind = not rest or rest[0] in _AROUND or table.pattern.match(rest)
            if not (before and behind):
                continue
        last = end
        yield start, end, table.written[phrase]


def _plain(phrase: str) -> str:
    return re.sub(r"[\s-]+", " ", phrase.lower().replace("’", "'"))


@functools.cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    import tomllib  # noqa: PLC0415 - dictation without commands reads no table
    from importlib import resources  # noqa: PLC0415

    text = resources.files("transcriber.dictation").joinpath("spoken.toml").read_text("utf-8")
    return tomllib.loads(text)


@functools.cache
def _table(language: str) -> _Table | None:
    entries = dict(_tables().get(language, {}))
    if not entries:
        return None
    noun, small = (frozenset(entries.pop(name).split()) for name in ("noun", "small"))
    phrases = {phrase: key for key, text in entries.items() for phrase in text.split(", ")}
    written = {_plain(phrase.lstrip("~")): key for phrase, key in phrases.items()}
    words = sorted(written, key=len, reverse=True)
    either = "|".join(
        re.escape(word).replace(r"\ ", r"[\s-]+").replace("'", "['’]") for word in words
    )
    return _Table(
        pattern=re.compile(rf"(?<![\w'’-])(?:{either})(?![\w'’-])", re.IGNORECASE),
        written=written,
        common=frozenset(phrase[1:].lower() for phrase in phrases if phrase.startswith("~")),
        noun=noun,
        small=small,
    )
