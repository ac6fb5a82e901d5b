"""Which part of a file a request asks for, and whether it has the file already (RFC 9110, 13-14).

Pure functions over the values of headers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SINGLE = re.compile(r"bytes=[ \t]*(\d{0,19})-(\d{0,19})[ \t]*", re.ASCII | re.IGNORECASE)
"""One range. A file offset has at most 19 digits. Several ranges at once, which no player asks
for, may be ignored; the answer is then the whole file."""


@dataclass(frozen=True)
class Span:
    """Bytes `first` to `last` of a file, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.last - self.first + 1


class Unsatisfiable(Exception):  # noqa: N818 - the name that RFC 9110 has for it
    """No byte of the file is in the range."""


def requested_span(value: str, size: int) -> Span | None:
    """Return the part of a file that a Range header names.

    Parameters
    ----------
    value : str
        The value of the header.
    size : int
        The bytes that the file has.

    Returns
    -------
    Span | None
        None when the header is to be ignored: another unit, several ranges, or no range at all.

    Raises
    ------
    Unsatisfiable
        When the range lies behind the end of the file.
    """
    match = _SINGLE.fullmatch(value)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        # The last so many bytes.
        length = min(int(last), size)
        if length == 0:
            raise Unsatisfiable
        return Span(size - length, size - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return Span(int(first), min(int(last), size - 1) if last else size - 1)


def holds(value: str, tag: str) -> bool:
    """Return whether an If-None-Match header names `tag`; weak and strong ones are alike here."""
    if value.strip() == "*":
        return True
    return tag in (named.strip().removeprefix("W/") for named in value.split(","))
