"""Facts that a container states and ffmpeg does not pass on: encryption, and a missing end."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

# Real files have some dozens of boxes on the levels that are visited; a damaged one could
# seem to have millions of eight bytes each.
_MOST_BOXES = 10_000

# ISO/IEC 23001-7 names protected sound "enca"; "drms" is FairPlay, "aavd" Audible.
_PROTECTED_SOUND = frozenset({b"enca", b"drms", b"aavd"})

# Programs that write WAV into a pipe cannot go back to fill in the size. They leave zero, the
# greatest value, or the greatest signed one less some header (SoX, arecord).
LEAST_PLACEHOLDER = 0x7FFF0000
"""From here on the size in a WAV file says nothing."""

# Some writers count their own header into the size; so little missing sound is not heard.
_SLACK_BYTES = 64

# ASF specification, 3.2: the File Properties Object, whose file size follows at byte 40.
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")

# Some hours of sound and picture.
_MOST_FLV_TAGS = 2_000_000

# Two pages of the greatest length, so that one begins in it.
_OGG_TAIL = 2 * (27 + 255 + 255 * 255)


def has_only_protected_sound(stream: BinaryIO, size: int) -> bool:
    """Tell whether every audio track of an MP4, M4A or MOV file is encrypted.

    ffmpeg decodes the ciphertext without a word; some codecs then give noise instead of errors.

    Parameters
    ----------
    stream : BinaryIO
        The file, seekable.
    size : int
        Its length in bytes.

    References
    ----------
    ISO/IEC 14496-12, 8.5.2 and 8.12 (sample descriptions and their protection).

    Examples
    --------
    >>> import io
    >>> has_only_protected_sound(io.BytesIO(b"RIFF"), 4)
    False
    """
    if not _has_boxes(stream):
        return False
    budget = iter(range(_MOST_BOXES))
    entries = list(_sound_entries(stream, size, budget))
    return bool(entries) and all(entry in _PROTECTED_SOUND for entry in entries)


def count_indexes(stream: BinaryIO, size: int) -> int:
    """Count the indexes (``moov``) of an MP4, M4A or MOV file; 0 for any other.

    Parameters
    ----------
    stream : BinaryIO
        The file, seekable.
    size : int
        Its length in bytes.

    Examples
    --------
    >>> import io
    >>> count_indexes(io.BytesIO(bytes([0, 0, 0, 8]) + b"moov"), 8)
    1
    """
    if not _has_boxes(stream):
        return 0
    kinds = (kind for kind, _, _ in _boxes(stream, 0, size, iter(range(_MOST_BOXES))))
    return sum(kind == b"moov" for kind in kinds)


def _has_boxes(stream: BinaryIO) -> bool:
    return _read(stream, 4, 4) in (b"ftyp", b"moov", b"free", b"skip", b"wide", b"mdat")


def _sound_entries(stream: BinaryIO, size: int, budget: Iterator[int]) -> Iterator[bytes]:
    for track in _boxes_at(stream, (0, size), (b"moov", b"trak", b"mdia"), budget):
        handler = next(_boxes_at(stream, track, (b"hdlr",), budget), None)
        if handler is None or _read(stream, handler[0] + 8, 4) != b"soun":
            continue
        for start, end in _boxes_at(stream, track, (b"minf", b"stbl", b"stsd"), budget):
            # A version and a count come before the descriptions, one box each.
            for kind, _, _ in _boxes(stream, start + 8, end, budget):
                yield kind


def _boxes_at(
    stream: BinaryIO, span: tuple[int, int], path: tuple[bytes, ...], budget: Iterator[int]
) -> Iterator[tuple[int, int]]:
    for kind, start, end in _boxes(stream, *span, budget):
        if kind == path[0]:
            if len(path) == 1:
                yield start, end
            else:
                yield from _boxes_at(stream, (start, end), path[1:], budget)


def _boxes(
    stream: BinaryIO, start: int, end: int, budget: Iterator[int]
) -> Iterator[tuple[bytes, int, int]]:
    while end - start >= 8 and next(budget, None) is not None:
        header = _read(stream, start, 16)
        if len(header) < 8:
            return
        length, kind = struct.unpack_from(">I4s", header)
        body = start + 8
        if length == 1 and len(header) == 16:
            length = struct.unpack_from(">Q", header, 8)[0]
            body = start + 16
        elif length == 0:
            length = end - start
        if length < body - start:
            return
        yield kind, body, min(start + length, end)
        start += length


def _read(stream: BinaryIO, position: int, count: int) -> bytes:
    stream.seek(position)
    return stream.read(count)


def lacks_its_end(stream: BinaryIO, size: int, start: int = 0) -> bool:
    """Tell whether a WAV, AVI, WMA, FLV or Ogg file is shorter than it says.

    ffmpeg reads these to the end of what is there and finds nothing wrong. In other formats
    its own messages tell.

    Parameters
    ----------
    stream : BinaryIO
        The file, seekable.
    size : int
        Its length in bytes.
    start : int
        Where the recording begins that ends with the file.

    References
    ----------
    RIFF: Multimedia Programming Interface and Data Specifications 1.0, 2. RF64: EBU Tech 3306.
    Ogg: RFC 3533, 6.
    ASF: Advanced Systems Format Specification 01.20.03, 3.2.
    FLV: Adobe Flash Video File Format Specification 10.1, E.3 and E.4.

    Examples
    --------
    >>> import io
    >>> lacks_its_end(io.BytesIO(b"RIFF" + (1000).to_bytes(4, "little") + b"WAVE"), 12)
    True
    """
    head = _read(stream, start, 65536)
    size -= start
    if head.startswith(b"RIFF"):
        stated = int.from_bytes(head[4:8], "little")
        return stated < LEAST_PLACEHOLDER and stated > size + _SLACK_BYTES
    if head.startswith((b"RF64\xff\xff\xff\xffWAVEds64", b"BW64\xff\xff\xff\xffWAVEds64")):
        return int.from_bytes(head[20:28], "little") > size + _SLACK_BYTES
    if head.startswith(_ASF_HEADER):
        found = head.find(_ASF_FILE_PROPERTIES)
        stated = int.from_bytes(head[found + 40 : found + 48], "little")
        return found >= 0 and stated > size + _SLACK_BYTES
    if head.startswith(b"OggS"):
        tail = start + max(0, size - _OGG_TAIL)
        return _ends_within_ogg_page(_read(stream, tail, _OGG_TAIL))
    if head.startswith(b"FLV\x01"):
        return _ends_within_flv_tag(stream, start, start + size)
    return False


def _ends_within_flv_tag(stream: BinaryIO, start: int, end: int) -> bool:
    # Each tag is followed by its length, the last one too: seldom must all be gone through.
    length = int.from_bytes(_read(stream, end - 4, 4), "big")
    if 11 <= length < end - start and _flv_tag_length(stream, end - 4 - length) == length:
        return False
    position = start + 13
    for _ in range(_MOST_FLV_TAGS):
        tag = _flv_tag_length(stream, position)
        if tag is None:
            return 0 < end - position < 11
        if position + tag > end:
            return True
        position += tag + 4
    return False


def _flv_tag_length(stream: BinaryIO, position: int) -> int | None:
    """Return the length of the tag at a place; None where there is none."""
    head = _read(stream, position, 11)
    if len(head) < 11 or head[0] not in (8, 9, 18) or head[8:] != bytes(3):
        return None
    return 11 + int.from_bytes(head[1:4], "big")


def _ends_within_ogg_page(tail: bytes) -> bool:
    last = tail.rfind(b"OggS\0")
    if last < 0:
        return False
    page = tail[last:]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return True
    segments = page[27 : 27 + page[26]]
    return len(page) < 27 + len(segments) + sum(segments)
