"""Computing the sha256 of what is written while it is written."""

from __future__ import annotations

import hashlib
from typing import Any, Protocol


class Sink(Protocol):
    """Whatever takes bytes: a file opened for writing, a buffer, a `DigestingSink`."""

    def write(self, content: Any, /) -> object:
        """Take all of `content`, which has the buffer protocol."""


class DigestingSink:
    """Passes on what is written and computes its sha256.

    Parameters
    ----------
    target : Sink, optional
        Where the bytes go; without it, only the digest is computed.

    Attributes
    ----------
    size : int
        Bytes written so far.
    """

    def __init__(self, target: Sink | None = None) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, content: Any, /) -> None:
        """Take all of `content`."""
        self._digest.update(content)
        self.size += len(content)
        if self._target is not None:
            self._target.write(content)

    @property
    def sha256(self) -> str:
        """The digest of the bytes so far, in hexadecimal."""
        return self._digest.hexdigest()
