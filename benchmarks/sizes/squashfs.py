"""How many bytes each file takes in a squashfs image, as its tables say.

The format is that of the Linux kernel, ``fs/squashfs/squashfs_fs.h``: a superblock of 96 bytes, the
blocks of the files, and behind them tables of inodes, folders and fragments. The tables are blocks
of 8 KiB, compressed like those of the files. An inode has the compressed size of each of its
blocks; the ends of several files are compressed together, as a fragment. What each of them takes
of it is an estimate.
"""

from __future__ import annotations

import bz2
import ctypes
import ctypes.util
import lzma
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from buildkit.errors import ResultError, ToolError

_SUPERBLOCK = struct.Struct("<4sIIIIHHHHHHQQQQQQQQ")
_MAGIC = b"hsqs"
_HAS_OPTIONS = 0x0400
_STORED_TABLE, _STORED_BLOCK = 0x8000, 1 << 24
_TABLE_BLOCK = 8192
_NO_FRAGMENT = 0xFFFFFFFF
_FRAGMENT = struct.Struct("<QII")
_FOLDER, _FILE, _LARGE_FOLDER, _LARGE_FILE = 1, 2, 8, 9
_INODE_HEAD = 16

_Unpack = Callable[[bytes, int], bytes]


@dataclass(frozen=True, kw_only=True)
class ImageFile:
    """A file in an image.

    Attributes
    ----------
    path : str
        Below the root, with slashes.
    size : int
        Its bytes.
    blocks : tuple of (int, int)
        Of its consecutive parts, the bytes in the file and those in the image. Those of a
        fragment are an estimate, its share by the `packed_weight` of each file in it.
    """

    path: str
    size: int
    blocks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class _Inode:
    """An inode: of a folder where its entries are, of a file where its bytes are."""

    kind: int
    start: int
    offset: int
    size: int
    fragment: int = _NO_FRAGMENT
    blocks: tuple[int, ...] = ()


def image_files(image: bytes) -> list[ImageFile]:
    """Return the files of the squashfs image `image`, sorted by path.

    A file with the content of another has no bytes of its own.

    Raises
    ------
    ResultError
        When it is no such image, or its tables disagree with its size.
    ToolError
        When it is compressed with zstd and this machine has no library for that.
    """
    try:
        return _Image(image).files()
    except (struct.error, ValueError, zlib.error, lzma.LZMAError, IndexError) as error:
        raise ResultError(
            f"the AppImage's file system cannot be read: {error}", "build it again"
        ) from error


def packed_weight(content: bytes) -> int:
    """Return what `content` weighs where it was compressed with others: the bytes bzip2 makes.

    Its releases have made the same bytes for decades, where zlib is another library on some
    machines, so that the shares are those of the image and not of who measures it.
    """
    return len(bz2.compress(content, 9))


def apportion(total: int, weights: list[int]) -> list[int]:
    """Divide `total` in proportion to `weights`, into whole numbers that add up to it."""
    whole = sum(weights)
    shares, passed, given = [], 0, 0
    for weight in weights:
        passed += weight
        # Each border is rounded, so that no error adds up.
        border = total * passed // whole if whole else 0
        shares.append(border - given)
        given = border
    return shares


class _Image:
    def __init__(self, image: bytes) -> None:
        fields = _SUPERBLOCK.unpack_from(image)
        if fields[0] != _MAGIC:
            raise ValueError("it does not begin with hsqs")
        self._image = image
        self._block_size, fragments, compressor = fields[3], fields[4], fields[5]
        self._unpack = _decompressor(compressor)
        self._root = fields[11]
        self._inodes, self._folders, fragment_table = fields[15], fields[16], fields[17]
        data = _SUPERBLOCK.size
        if fields[7] & _HAS_OPTIONS:
            data += 2 + (struct.unpack_from("<H", image, data)[0] & ~_STORED_TABLE)
        self._data_bytes = self._inodes - data
        self._fragments = list(self._read_fragments(fragment_table, fragments))

    def files(self) -> list[ImageFile]:
        """Return the files, sorted by path."""
        inodes = dict(sorted(self._walk(self._root, "")))
        shares = self._shares(list(inodes.values()))
        files, seen, total = [], set[int](), 0
        for path, inode in inodes.items():
            packed = [size & (_STORED_BLOCK - 1) for size in inode.blocks]
            if inode.start in seen:
                packed = [0] * len(packed)
            # Zeros are in no block, so that another file may begin where they would.
            elif any(packed):
                seen.add(inode.start)
            if inode.fragment != _NO_FRAGMENT:
                packed.append(shares.pop((inode.fragment, inode.offset), 0))
            total += sum(packed)
            plain = [
                min(self._block_size, inode.size - index * self._block_size)
                for index in range(len(packed))
            ]
            blocks = tuple(zip(plain, packed, strict=True))
            files.append(ImageFile(path=path, size=inode.size, blocks=blocks))
        if total != self._data_bytes:
            raise ValueError(f"its files take {total} bytes of {self._data_bytes}")
        return files

    def _shares(self, inodes: list[_Inode]) -> dict[tuple[int, int], int]:
        """Return the bytes of each end of a file in a fragment, by that and the place in it."""
        ends: dict[int, dict[int, int]] = {}
        for inode in inodes:
            if inode.fragment != _NO_FRAGMENT:
                # Equal ends are there once.
                ends.setdefault(inode.fragment, {})[inode.offset] = inode.size % self._block_size
        shares = {}
        for fragment, sizes in ends.items():
            start, size = self._fragments[fragment]
            length = size & (_STORED_BLOCK - 1)
            packed = self._image[start : start + length]
            plain = packed if size & _STORED_BLOCK else self._unpack(packed, self._block_size)
            weights = [packed_weight(plain[at : at + end]) for at, end in sizes.items()]
            for offset, share in zip(sizes, apportion(length, weights), strict=True):
                shares[fragment, offset] = share
        return shares

    def _walk(self, reference: int, path: str) -> Iterator[tuple[str, _Inode]]:
        inode = self._inode(reference)
        if inode.kind != _FOLDER:
            if inode.kind == _FILE:
                yield path, inode
            return
        # An empty folder's size is three: it counts the entries that every folder has.
        end = inode.offset + inode.size - 3
        table = self._table(self._folders + inode.start, end)
        position = inode.offset
        while position < end:
            count, start, _ = struct.unpack_from("<III", table, position)
            position += 12
            for _ in range(count + 1):
                offset, _, _, length = struct.unpack_from("<HhHH", table, position)
                position += 8
                name = table[position : position + length + 1].decode()
                position += length + 1
                yield from self._walk(start << 16 | offset, f"{path}/{name}" if path else name)

    def _inode(self, reference: int) -> _Inode:
        start, offset = self._inodes + (reference >> 16), reference & 0xFFFF
        head = self._table(start, offset + 64)
        (kind,) = struct.unpack_from("<H", head, offset)
        place = offset + _INODE_HEAD
        if kind == _FOLDER:
            start, _, size, within = struct.unpack_from("<IIHH", head, place)
            return _Inode(kind=_FOLDER, start=start, offset=within, size=size)
        if kind == _LARGE_FOLDER:
            _, size, start, _, _, within = struct.unpack_from("<IIIIHH", head, place)
            return _Inode(kind=_FOLDER, start=start, offset=within, size=size)
        if kind not in (_FILE, _LARGE_FILE):
            return _Inode(kind=kind, start=0, offset=0, size=0)
        if kind == _FILE:
            first, fragment, within, size = struct.unpack_from("<IIII", head, place)
            place += 16
        else:
            first, size, _, _, fragment, within = struct.unpack_from("<QQQIII", head, place)
            place += 40
        count = size // self._block_size
        count += fragment == _NO_FRAGMENT and size % self._block_size > 0
        table = self._table(start, place + 4 * count)
        return _Inode(
            kind=_FILE,
            start=first,
            offset=within,
            size=size,
            fragment=fragment,
            blocks=struct.unpack_from(f"<{count}I", table, place),
        )

    def _read_fragments(self, table: int, count: int) -> Iterator[tuple[int, int]]:
        """Yield where each fragment begins, and its bytes with the mark of what is stored."""
        for index in range(count):
            block, within = divmod(index * _FRAGMENT.size, _TABLE_BLOCK)
            (place,) = struct.unpack_from("<Q", self._image, table + 8 * block)
            entry = self._table(place, within + _FRAGMENT.size)
            start, size, _ = _FRAGMENT.unpack_from(entry, within)
            yield start, size

    def _table(self, place: int, size: int) -> bytes:
        """Return the table whose first block is at `place`: `size` bytes, or all that it has."""
        content = b""
        while len(content) < size and place + 2 <= len(self._image):
            (head,) = struct.unpack_from("<H", self._image, place)
            packed = self._image[place + 2 : place + 2 + (head & ~_STORED_TABLE)]
            stored = head & _STORED_TABLE
            part = packed if stored else self._unpack(packed, _TABLE_BLOCK)
            content += part
            place += 2 + len(packed)
            if len(part) < _TABLE_BLOCK:
                break
        return content


def _decompressor(number: int) -> _Unpack:
    """Return what unpacks a block, given it and the most bytes that may come of it."""
    match number:
        case 1:
            return lambda packed, size: zlib.decompress(packed)
        case 4:
            return lambda packed, size: lzma.decompress(packed)
        case 6:
            return _zstd_decompressor()
    raise ValueError(f"it is compressed in a way that is not known here, {number}")


def _zstd_decompressor() -> _Unpack:
    """Return the machine's own: Python has none, and Debian's packages need it to be there."""
    name = ctypes.util.find_library("zstd") or "libzstd.so.1"
    try:
        library = ctypes.CDLL(name)
    except OSError as error:
        raise ToolError(
            "this machine has no libzstd, with which AppImages are read", "install libzstd1"
        ) from error
    decompress = library.ZSTD_decompress
    decompress.restype = ctypes.c_size_t
    decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.ZSTD_isError.argtypes = [ctypes.c_size_t]

    def unpack(packed: bytes, size: int) -> bytes:
        output = ctypes.create_string_buffer(size)
        written = decompress(output, size, packed, len(packed))
        if library.ZSTD_isError(written):
            raise ValueError("a block is damaged")
        return output.raw[:written]

    return unpack
