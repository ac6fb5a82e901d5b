"""Files that name recordings: ``@list.txt`` on the command line, one name a line.

What is empty or begins with ``#`` is passed over, so that playlists (m3u) will do. A name is looked
for beside the list, then in the current folder.
"""

from __future__ import annotations

import codecs
import glob
import os
import re
import sys
from collections.abc import Iterator, Sequence

from transcriber.audio.failures import printable
from transcriber.errors import InputError, UsageError
from transcriber.inputs.addresses import address_failure, is_address

SIGN = "@"

_LONGEST = 1 << 26
"""Bytes that are read: the names of a million recordings."""

_NO_TEXT = re.compile("[\x01-\x08\x0e-\x1f]")


def expanded(inputs: Sequence[str]) -> Iterator[str]:
    """Yield the inputs, with the names of a list in its place.

    ``@-`` is a list on standard input. A recording whose own name begins with the sign is itself.

    Raises
    ------
    InputError
        When a list cannot be read, or names no recording.
    UsageError
        When standard input is a terminal.
    """
    for given in inputs:
        path = list_path(given)
        if path is None:
            yield given
        else:
            yield from _names(path)


def list_path(given: str) -> str | None:
    """Return the path of the list that an input is, ``-`` for standard input; None for others."""
    is_list = given.startswith(SIGN) and not os.path.lexists(given)
    return given.removeprefix(SIGN) if is_list else None


def _names(path: str) -> Iterator[str]:
    if not path:
        raise InputError(
            f"{SIGN} names no list", f"write {SIGN}FILE, or {SIGN}- for standard input"
        )
    if is_address(path):
        raise address_failure(path)
    label = "standard input" if path == "-" else printable(path)
    lines = _lines(path, label)
    folder = "" if path == "-" else os.path.dirname(path)  # noqa: PTH120
    found = [_beside(line, folder) for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        what = label if path == "-" else f"the list {label}"
        raise InputError(f"{what} names no recording", "write one on each line")
    yield from found


def _lines(path: str, label: str) -> list[str]:
    if path == "-" and sys.stdin.isatty():
        raise UsageError("standard input is a terminal", "pipe a list of recordings into it")
    try:
        if path == "-":
            content = sys.stdin.buffer.read(_LONGEST + 1)
        else:
            with open(path, "rb") as stream:
                content = stream.read(_LONGEST + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise InputError(
            f"cannot read the list {label}: {why}",
            f"check its name; a recording whose name begins with {SIGN} is ./{SIGN}NAME",
        ) from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
    else:
        text = os.fsdecode(content.removeprefix(codecs.BOM_UTF8))
    if len(content) > _LONGEST or _NO_TEXT.search(text[:4096]):
        raise InputError(f"{label} is no list of names", f"give a recording without the {SIGN}")
    # As `find -print0` writes them: only so can a name have a line break in it.
    return text.split("\0") if "\0" in text else [line.rstrip("\r") for line in text.split("\n")]


def _beside(name: str, folder: str) -> str:
    """Return what a line means, to whoever is in the current folder."""
    if not os.path.lexists(name) and not os.path.lexists(os.path.join(folder, name)):  # noqa: PTH118
        name = name.strip()
    if name == "-" or "://" in name:
        return name
    name = os.path.expanduser(name)  # noqa: PTH111 - of text
    beside = os.path.join(folder, name)  # noqa: PTH118
    if os.path.lexists(beside):
        return beside
    if os.path.lexists(name):
        return name
    # A pattern; or what is in neither place, and missed beside the list.
    return os.path.join(glob.escape(folder), name) if glob.has_magic(name) else beside  # noqa: PTH118
