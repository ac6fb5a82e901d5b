"""Where a recording in chunks says that it ends, and what follows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO, Literal

from transcriber.audio.container import LEAST_PLACEHOLDER

HEAD_BYTES = 24
"""How much of its beginning tells how long it is."""

_CHUNK_BYTES = 1 << 20

_MOST_ZEROS = 1 << 26
"""So much may stand between two recordings: players and disks fill up their blocks."""

_UNHEARD_BYTES = 4096

_CHUNK_NAME = re.compile(rb"[ -~]{4}")
_MOST_CHUNKS = 1000


# Sony's 64-bit form of RIFF: its names are GUIDs, the first of which is this.
WAVE64 = bytes.fromhex("726966662e91cf11a5d628db04c10000")


def unread_bytes(path: Path, start: int) -> int:
    """Return how much follows the stated end of the recording that begins somewhere in a file.

    A recorder that was switched off has not brought its header up to date, and one of the older
    kind cannot count beyond 4 GiB. Tags, zeros, and less than a moment of sound do not count.
    """
    try:
        with open(path, "rb") as stream:
            stream.seek(start)
            head = stream.read(HEAD_BYTES)
            length = stated_length(head)
            if length is None:
                return 0
            chunks = start + length if head.startswith(WAVE64) else _behind_chunks(stream, start)
            place = None if chunks is None else after_zeros(stream, chunks)
            if place is None:
                return 0
            tag = _tag_length(stream.read(10))
            rest = path.stat().st_size - place - tag
            return rest if rest >= _UNHEARD_BYTES else 0
    except OSError:
        return 0


def _behind_chunks(stream: BinaryIO, start: int) -> int | None:
    """Return where something other than a chunk begins; None where sound goes on to the end."""
    stream.seek(start)
    order: Literal["little", "big"] = "little" if stream.read(4) == b"RIFF" else "big"
    position = start + 12
    for _ in range(_MOST_CHUNKS):
        stream.seek(position)
        head = stream.read(8)
        name, length = head[:4], int.from_bytes(head[4:], order)
        if len(head) < 8 or name == b"RIFF" or not _CHUNK_NAME.fullmatch(name):
            return position
        # Not known to whoever wrote it.
        if name in (b"data", b"SSND") and not 0 < length < LEAST_PLACEHOLDER:
            return None
        position += 8 + length
        # The byte that makes it even is left out by some writers.
        stream.seek(position)
        position += length % 2 and not _CHUNK_NAME.fullmatch(stream.read(4))
    return None


def stated_length(head: bytes) -> int | None:
    """Return how long a recording in chunks is, by what its first chunk says.

    Parameters
    ----------
    head : bytes
        Its first `HEAD_BYTES`.

    Returns
    -------
    int or None
        In bytes, with the head of the first chunk; None where it does not say.

    References
    ----------
    RIFF: Multimedia Programming Interface and Data Specifications 1.0, 2. AIFF: Audio Interchange
    File Format, version 1.3. Wave64: Sony's specification of the 64-bit form.

    Examples
    --------
    >>> stated_length(b"RIFF" + (100).to_bytes(4, "little") + b"WAVE")
    108
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        length = int.from_bytes(head[4:8], "little")
    elif head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        length = int.from_bytes(head[4:8], "big")
    elif head[:16] == WAVE64:
        length = int.from_bytes(head[16:24], "little")
        # Beyond that no file can be sought.
        return length if HEAD_BYTES < length < 1 << 62 else None
    else:
        return None
    return 8 + length if HEAD_BYTES < length < LEAST_PLACEHOLDER else None


def _tag_length(head: bytes) -> int:
    """Return the length of an ID3 tag, which some programs append to anything."""
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    # ID3v2.4, 6.2: four times seven bits.
    return 10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))


def after_zeros(stream: BinaryIO, position: int) -> int | None:
    """Go to the first byte from `position` on that is not zero, and return where it is.

    Returns
    -------
    int or None
        None at the end of the file, and where it is too far away.

    Examples
    --------
    >>> import io
    >>> after_zeros(io.BytesIO(bytes(5) + b"a"), 2)
    5
    """
    for place in range(position, position + _MOST_ZEROS, _CHUNK_BYTES):
        stream.seek(place)
        chunk = stream.read(_CHUNK_BYTES)
        rest = chunk.lstrip(b"\0")
        if rest:
            return stream.seek(place + len(chunk) - len(rest))
        if not chunk:
            break
    return None
