"""Find a recording that was appended to another in the same file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

from transcriber.audio.container import count_indexes, lacks_its_end
from transcriber.audio.stated_length import WAVE64, after_zeros, stated_length

# What ffmpeg reads to the end of the first recording only, and how the next one begins.
_BEGINNINGS: tuple[re.Pattern[bytes], ...] = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0\0\0\0",
        rb"TTA1[\x01\x02]\0[\x01-\x08]\0",
        rb"caff\0\x01\0\0desc",
        rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
        # WavPack's block of the first sample, of the first of the channels (flag 0x800).
        rb"wvpk.{4}[\x02-\x10]\x04.{6}\0\0\0\0.{5}["
        + re.escape(bytes(byte for byte in range(256) if byte & 8))
        + rb"]",
    )
)
_LONGEST_BEGINNING = 32

_CHUNK_BYTES = 1 << 20

# RFC 8794, 11.2: the head of a document; RFC 9559, 5.1: Matroska's and WebM's other half.
_EBML = bytes.fromhex("1a45dfa3")
_SEGMENT = bytes.fromhex("18538067")
_KIND = re.compile(
    rb"\x86[\x82-\xa0][AVS]_[A-Z0-9_/]+|\xb5(\x84.{4}|\x88.{8})\x9f\x81.|\x9f\x81.\xb5(\x84.{4}|\x88.{8})",
    re.DOTALL,
)
_KINDS_BYTES = 1 << 16

# RFC 9639, 8: the sizes of blocks, and rate, channels and bits of samples.
_FLAC_HEAD = re.compile(rb"fLaC[\0\x80]\0\0\x22(.{4}).{6}(.{3})", re.DOTALL)

# RFC 3533, 6: the first page of a logical stream. A chain begins with one for each stream.
_OGG_FIRST_PAGE = re.compile(rb"OggS\0[\x02\x03].{20}", re.DOTALL)
_OGG_HEAD_BYTES = 27 + 255


def next_recording(path: Path, start: int, *, read: int = 1, stopped: bool = False) -> int | None:
    """Return where the next recording begins that ffmpeg does not read along with one.

    Parameters
    ----------
    path : Path
        The file.
    start : int
        Where the one before it begins.
    read : int
        How many recordings ffmpeg has read, from `start` on. In an Ogg chain it reads on from link
        to link as long as codec, rate and channels stay the same; of Matroska it reads two.
    stopped : bool
        Whether it gave up before the end; in FLAC, where it could not decode all.
    """
    try:
        with open(path, "rb") as stream:
            stream.seek(start)
            head = stream.read(_LONGEST_BEGINNING)
            if head[:4] == b"OggS":
                return _link(stream, start, read) if stopped else None
            if head[:4] == _EBML:
                return _document(stream, start, read)
            if head[:4] == b"fLaC":
                return _unlike_flac(stream, start) if stopped else None
            length = stated_length(head)
            if length is not None:
                place = after_zeros(stream, start + length)
                return place if place is not None and _alike(head, stream.read(24)) else None
            for beginning in _BEGINNINGS:
                if beginning.match(head):
                    return _search(stream, beginning, start + 1)
    except OSError:
        # It was read a moment ago, and what came of it is worth more than what may follow.
        pass
    return None


def is_cut_off(path: Path, start: int) -> bool:
    """Tell whether the recording that begins somewhere in a file is shorter than it says."""
    try:
        with open(path, "rb") as stream:
            return lacks_its_end(stream, path.stat().st_size, start)
    except OSError:
        return False


def stands_alone(path: Path, start: int) -> bool:
    """Tell whether the Matroska recording that begins somewhere in a file is unlike the next one.

    ffmpeg decodes both as if they were alike.
    """
    try:
        with open(path, "rb") as stream:
            second = _document(stream, start, 1)
            if second is None:
                return False
            third = _document(stream, second, 1)
            return _kinds(stream, start, second) != _kinds(stream, second, third)
    except OSError:
        return False


def has_unread_recording(path: Path) -> bool:
    """Tell whether an MP4 or MOV file has several indexes, of which ffmpeg reads one."""
    try:
        with open(path, "rb") as stream:
            return count_indexes(stream, path.stat().st_size) > 1
    except OSError:
        return False


def _alike(head: bytes, other: bytes) -> bool:
    if head.startswith(WAVE64):
        return other.startswith(WAVE64)
    return head[:4] == other[:4] and head[8:11] == other[8:11]


def _link(stream: BinaryIO, start: int, number: int) -> int | None:
    """Return where a link of an Ogg chain begins; the one at `start` is number 0."""
    position: int | None = start
    end = -1
    while position is not None:
        if position != end:
            if number == 0:
                return position
            number -= 1
        stream.seek(position)
        head = stream.read(_OGG_HEAD_BYTES)
        if len(head) < 27:
            return None
        end = position + 27 + head[26] + sum(head[27 : 27 + head[26]])
        position = _search(stream, _OGG_FIRST_PAGE, position + 1)
    return None


def _unlike_flac(stream: BinaryIO, start: int) -> int | None:
    """Return where FLAC of other sizes, rate or channels begins than what begins at `start`."""
    stream.seek(start)
    first = _FLAC_HEAD.match(stream.read(_LONGEST_BEGINNING))
    place = _search(stream, _FLAC_HEAD, start + 1) if first else None
    while first and place is not None:
        stream.seek(place)
        other = _FLAC_HEAD.match(stream.read(_LONGEST_BEGINNING))
        if other is None or other.groups() != first.groups():
            break
        place = _search(stream, _FLAC_HEAD, place + 1)
    return place


def _document(stream: BinaryIO, start: int, number: int) -> int | None:
    """Return where a Matroska or WebM document begins; the one at `start` is number 0."""
    position = start
    for _ in range(number):
        for name in (_EBML, _SEGMENT):
            stream.seek(position)
            head = stream.read(12)
            if head[:4] != name or len(head) < 5 or head[4] == 0:
                return None
            # The number of zeros before the first one bit tells how many bytes follow.
            width = 9 - head[4].bit_length()
            length = int.from_bytes(head[4 : 4 + width], "big") & ((1 << 7 * width) - 1)
            # All ones: whoever wrote it did not know, and what follows belongs to it.
            if length == (1 << 7 * width) - 1:
                return None
            position += 4 + width + length
    stream.seek(position)
    return position if stream.read(4) == _EBML else None


def _kinds(stream: BinaryIO, start: int, end: int | None) -> list[bytes]:
    """Return the codecs of a Matroska document, with the rates and channels of sound."""
    stream.seek(start)
    head = stream.read(_KINDS_BYTES)
    return [found[0] for found in _KIND.finditer(head if end is None else head[: end - start])]


def _search(stream: BinaryIO, beginning: re.Pattern[bytes], position: int) -> int | None:
    stream.seek(position)
    kept = b""
    while chunk := stream.read(_CHUNK_BYTES):
        data = kept + chunk
        if found := beginning.search(data):
            return position + found.start()
        kept = data[-_LONGEST_BEGINNING:]
        position += len(data) - len(kept)
    return None
