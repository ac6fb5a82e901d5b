"""Lists of digests in the form of ``sha256sum``, of names that it does not have to escape.

A release has no others, so a list with one is refused whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

LIST_BYTES = 1 << 20
"""No list is longer: it would be of ten thousand files."""

_LINE = re.compile(rb"([0-9A-Fa-f]{64}) [ *](.+)")
"""A digest, a blank, a second one or the mark of a binary file, and the name."""


def read_digests(content: bytes) -> Mapping[str, str]:
    r"""Return the digests of a list, in hexadecimal, by the names of the files.

    Raises
    ------
    ValueError
        When a line is none of such a list, names a file in another folder, or contradicts
        another, with what is wrong.

    Examples
    --------
    >>> read_digests(b"0" * 64 + b" *a.whl\r\n")["a.whl"][:4]
    '0000'
    """
    digests: dict[str, str] = {}
    for number, line in enumerate(content.split(b"\n"), 1):
        line = line.removesuffix(b"\r")  # noqa: PLW2901
        if not line.strip() or line.startswith(b"#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is no digest with a name")
        name = os.fsdecode(match[2].removeprefix(b"./"))
        if "/" in name or name in ("", ".", "..") or "\0" in name:
            raise ValueError(f"line {number} names no file of its own folder")
        digest = match[1].decode().lower()
        if digests.setdefault(name, digest) != digest:
            raise ValueError(f"line {number} contradicts an earlier one")
    return digests
