"""Cutting a sound that comes in pieces of any length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def in_blocks(pieces: Iterable[bytes], length: int) -> Iterator[bytes]:
    """Yield a sound in blocks of `length` bytes, of which the last may be shorter.

    Parameters
    ----------
    pieces : iterable of bytes
        The sound, in pieces of any length.
    length : int
        Bytes of a block.

    Examples
    --------
    >>> list(in_blocks([b"a", b"bcd", b"e"], 2))
    [b'ab', b'cd', b'e']
    """
    gathered = bytearray()
    for piece in pieces:
        gathered += piece
        while len(gathered) >= length:
            yield bytes(gathered[:length])
            del gathered[:length]
    if gathered:
        yield bytes(gathered)
