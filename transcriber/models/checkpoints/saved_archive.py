"""The archive of a checkpoint as torch reads it, taken strictly.

`zipfile` and torch's own reader find the directory of an archive by different rules, and differ on
names that are there twice, on folders and on sizes that two places tell. Of an archive in which
they could differ, nothing is read: what is checked here is what torch then maps.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.

Source: the ZIP application note (APPNOTE.TXT 6.3).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_DIRECTORY_LIMIT = 4 << 20
"""Bytes of a directory that are read at most: that of the largest model has 80,000."""

_LIMIT_16, _LIMIT_32 = 0xFFFF, 0xFFFF_FFFF
"""What stands in a field whose value is in the ZIP64 structures."""

_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")

_ENCRYPTED = 0x2041
"""Flags of content, or of a directory, that is not there as it is."""

_SIZES_FOLLOW = 0x0008
_IS_FOLDER = 0x0010
"""The attribute with which torch reads nothing of a record and calls it read."""


class UnsoundError(ValueError):
    """A checkpoint is not as torch writes it; the message is a clause that says in what."""


@dataclass(frozen=True)
class Record:
    """Where a record's content lies: it is stored as it is.

    Attributes
    ----------
    offset, size : int
        Its first byte in the file, and how many there are.
    checksum : int
        The CRC-32 of its content.
    """

    offset: int
    size: int
    checksum: int


@dataclass(frozen=True)
class _Entry:
    name: bytes
    local: int
    size: int
    checksum: int


def read_records(stream: BinaryIO) -> dict[str, Record]:
    """Return the records of an archive by their names in its one folder, such as ``data/0``.

    Raises
    ------
    UnsoundError
        When it is damaged, or readers may find different content in it.
    """
    size = stream.seek(0, 2)
    count, start, end = _directory(stream, size)
    entries = list(_entries(_read(stream, start, end - start), count))
    records: dict[str, Record] = {}
    free = 0
    for entry in sorted(entries, key=lambda entry: entry.local):
        record = _locate(stream, entry)
        if entry.local < free or record.offset + record.size > start:
            raise UnsoundError("its records overlap")
        free = record.offset + record.size
        records[entry.name.decode()] = record
    # torch finds names whatever the case of their letters, and the first of two.
    if len({name.encode().lower() for name in records}) != len(entries):
        raise UnsoundError("it has two records of one name")
    # torch looks for all records in the folder of the first.
    folder = entries[0].name.partition(b"/")[0].decode() + "/" if entries else "/"
    if not all(name.startswith(folder) for name in records):
        raise UnsoundError("its records are not in one folder")
    return {name[len(folder) :]: record for name, record in records.items()}


def read_record(stream: BinaryIO, record: Record, limit: int) -> bytes:
    """Return the content of a record of up to `limit` bytes.

    Raises
    ------
    UnsoundError
        When it is longer, or does not have its checksum.
    """
    if record.size > limit:
        raise UnsoundError(f"a record of {record.size} bytes should have {limit} at most")
    content = _read(stream, record.offset, record.size)
    if zlib.crc32(content) != record.checksum:
        raise UnsoundError("a record does not have its checksum")
    return content


def _read(stream: BinaryIO, offset: int, size: int) -> bytes:
    if offset >= 0:
        stream.seek(offset)
        content = stream.read(size)
        if len(content) == size:
            return content
    raise UnsoundError("it is cut short")


def _directory(stream: BinaryIO, size: int) -> tuple[int, int, int]:
    """Return the number of entries, where they begin and where they end."""
    end = size - _END.size
    signature, *disks, count, length, start, comment = _END.unpack(_read(stream, end, _END.size))
    if signature != b"PK\5\6" or comment:
        raise UnsoundError("it does not end as an archive does")
    told = (count, length, start)
    if end >= _LOCATOR.size + _END_64.size:
        locator = _LOCATOR.unpack(_read(stream, end - _LOCATOR.size, _LOCATOR.size))
        if locator[0] == b"PK\6\7":
            end -= _LOCATOR.size + _END_64.size
            fields = _END_64.unpack(_read(stream, end, _END_64.size))
            # No reader shall find another such structure elsewhere.
            if locator[1:] != (0, end, 1) or fields[:2] != (b"PK\6\6", _END_64.size - 12):
                raise UnsoundError("its ends do not fit together")
            disks = [*fields[4:6], fields[6]]
            count, length, start = fields[7:]
            real = (min(count, _LIMIT_16), min(length, _LIMIT_32), min(start, _LIMIT_32))
            if told not in (real, (_LIMIT_16, _LIMIT_32, _LIMIT_32)):
                raise UnsoundError("its ends do not fit together")
    if disks != [0, 0, count] or start + length != end or not 0 < length <= _DIRECTORY_LIMIT:
        raise UnsoundError("its directory is not where it should be")
    return count, start, end


def _entries(directory: bytes, count: int) -> Iterator[_Entry]:
    place = 0
    for _ in range(count):
        after = place + _ENTRY.size
        if after > len(directory):
            raise UnsoundError("its directory is cut short")
        fields = _ENTRY.unpack(directory[place:after])
        signature, flags, method = fields[0], *fields[3:5]
        checksum, packed, size, name_size, extra_size, comment_size, disk = fields[7:14]
        attributes, local = fields[15:]
        place = after + name_size + extra_size + comment_size
        if signature != b"PK\1\2" or disk or flags & _ENCRYPTED or place > len(directory):
            raise UnsoundError("its directory is damaged")
        name = directory[after : after + name_size]
        extra = directory[after + name_size : place - comment_size]
        size, packed, local = _large(extra, [size, packed, local])
        # torch compresses nothing; a compressed record can be larger than any memory.
        if method or packed != size:
            raise UnsoundError("it is compressed")
        if attributes & _IS_FOLDER or name.endswith(b"/"):
            raise UnsoundError("it holds a folder")
        try:
            name.decode()
        except UnicodeDecodeError as error:
            raise UnsoundError("a record's name is no text") from error
        yield _Entry(name, local, size, checksum)
    if place != len(directory):
        raise UnsoundError("its directory is longer than its entries")


def _large(extra: bytes, values: list[int]) -> list[int]:
    """Return `values` with those of the ZIP64 field in the place of the limits."""
    fields = []
    while extra:
        kind, size = struct.unpack("<2H", extra[:4]) if len(extra) >= 4 else (0, _LIMIT_16)
        if len(extra) < 4 + size:
            raise UnsoundError("its directory is damaged")
        if kind == 1:
            fields.append(extra[4 : 4 + size])
        extra = extra[4 + size :]
    missing = values.count(_LIMIT_32)
    # Readers differ on two such fields, and on one that is shorter or longer than what is asked.
    if fields and (len(fields) > 1 or len(fields[0]) != 8 * missing):
        raise UnsoundError("its directory is damaged")
    large = iter(struct.unpack(f"<{missing}Q", fields[0])) if fields else iter(())
    return [next(large, value) if value == _LIMIT_32 else value for value in values]


def _locate(stream: BinaryIO, entry: _Entry) -> Record:
    header = _read(stream, entry.local, _LOCAL.size + len(entry.name))
    (signature, _, flags, method, _, _, checksum, packed, size, name_size, extra_size) = (
        _LOCAL.unpack(header[: _LOCAL.size])
    )
    offset = entry.local + len(header) + extra_size
    agrees = name_size == len(entry.name) and header[_LOCAL.size :] == entry.name and not method
    told = (min(entry.size, _LIMIT_32),) * 2
    if flags & _SIZES_FOLLOW:
        agrees &= (packed, size) in (told, (0, 0), (_LIMIT_32, _LIMIT_32))
    else:
        agrees &= (packed, size) in (told, (_LIMIT_32, _LIMIT_32)) and checksum == entry.checksum
    if signature != b"PK\3\4" or flags & _ENCRYPTED or not agrees:
        raise UnsoundError("its directory does not fit its records")
    return Record(offset, entry.size, entry.checksum)
