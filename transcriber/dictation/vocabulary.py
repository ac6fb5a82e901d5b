"""Words that the decoder is told beforehand: a prompt, and names that may occur."""

from __future__ import annotations

import codecs
from pathlib import Path

from transcriber.errors import UsageError

PROMPT_CHARACTERS = 1200
"""What is taken of a prompt, from its end: the decoder sees the last 220 tokens or so."""

_LONGEST = 1 << 20
"""Bytes that a file of words may have."""


def read_prompt(path: Path) -> str:
    """Return the end of a file as the decoder's prompt, on one line, not beginning within a word.

    Raises
    ------
    UsageError
        When it cannot be read, is no text, or is empty.
    """
    text = " ".join(read_words(path).split())
    if not text:
        raise UsageError(f"{path} is empty", "write into it what the decoder is to know")
    return prompt_end(text)


def prompt_end(text: str) -> str:
    """Return the last `PROMPT_CHARACTERS` of a text, without a word that would be cut.

    Examples
    --------
    >>> prompt_end("word " * 300).startswith("word word")
    True
    """
    if len(text) <= PROMPT_CHARACTERS:
        return text
    end = text[-PROMPT_CHARACTERS - 1 :]
    # Chinese and Japanese have no blank to cut at.
    return end.partition(" ")[2] or end[1:]


def read_hotwords(path: Path) -> str:
    """Return the names and words of a file, one a line there, as the decoder takes them.

    Empty lines and those that begin with ``#`` are passed over.

    Raises
    ------
    UsageError
        When it cannot be read, is no text, or has no words.
    """
    lines = [" ".join(line.split()) for line in read_words(path).splitlines()]
    words = [line for line in lines if line and not line.startswith("#")]
    if not words:
        raise UsageError(f"{path} has no words", "write one on each line")
    # Twice the same word would take the place of another.
    return ", ".join(dict.fromkeys(words))


def read_words(path: Path) -> str:
    """Return the text of a small file that a user wrote.

    Raises
    ------
    UsageError
        When it cannot be read, or is no text.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_LONGEST + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"cannot read {path}: {reason}", "check its name") from error
    if len(content) > _LONGEST:
        raise UsageError(f"{path} has more than 1 MiB", "name a file with words")
    is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8", "save it as UTF-8") from error
    if "\0" in text:
        raise UsageError(f"{path} is no text", "name a file with words")
    return text
