"""Write the file that lets an updater fetch only what changed, in the format of zsync 0.6.2.

It has a weak and a strong sum of each block of the AppImage. A client looks for the blocks in the
version that it has, and fetches the others. The format is described by zsync's ``makegz.c`` and
``librcksum``.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from buildkit.files import atomic_writer

Words = npt.NDArray[np.uint32]

SMALL_BLOCK, LARGE_BLOCK, LARGE_FILE = 2048, 4096, 100_000_000
"""zsync's own choice: 4096 bytes from a hundred million on."""

_ROUNDS = (
    (0x00000000, (3, 7, 11, 19), tuple(range(16))),
    (0x5A827999, (3, 5, 9, 13), (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)),
    (0x6ED9EBA1, (3, 9, 11, 15), (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)),
)
"""Of each round of MD4: what is added, by how many bits is rotated, the order of the words."""


@dataclass(frozen=True, kw_only=True)
class HashLengths:
    """How much of the sums is in the file; the more, the rarer a wrong match.

    Attributes
    ----------
    sequence : int
        Blocks in a row that must match: 1 or 2.
    weak : int
        Bytes of the weak sum, at most 4.
    strong : int
        Bytes of the strong sum, at most 16.
    """

    sequence: int
    weak: int
    strong: int


def hash_lengths(size: int, block: int) -> HashLengths:
    """Return zsync's own choice for a file of `size` bytes, which are at least one."""
    sequence = 2 if size > block else 1
    size_bits, blocks_bits = math.log2(size), math.log2(1 + size // block)
    weak = math.ceil((size_bits + math.log2(block) - 8.6) / sequence / 8)
    strong = math.ceil((20 + size_bits + blocks_bits) / sequence / 8)
    least = int((7.9 + 20 + blocks_bits) / 8)
    return HashLengths(
        sequence=sequence,
        weak=min(4, max(2, weak)),
        strong=min(16, max(strong, least)),
    )


def write_zsync(path: Path, output: Path, *, url: str = "") -> None:
    """Write the zsync file of `path` to `output`.

    Parameters
    ----------
    path : Path
        The AppImage.
    output : Path
        The file to write.
    url : str
        Where the AppImage will be; relative to the zsync file, its name when not given.

    Raises
    ------
    StorageError
        When the file cannot be written.
    """
    content = path.read_bytes()
    size = len(content)
    block = LARGE_BLOCK if size >= LARGE_FILE else SMALL_BLOCK
    lengths = hash_lengths(size, block)
    # No MTime: it would be the time of the build.
    head = (
        "zsync: 0.6.2\n"
        f"Filename: {path.name}\n"
        f"Blocksize: {block}\n"
        f"Length: {size}\n"
        f"Hash-Lengths: {lengths.sequence},{lengths.weak},{lengths.strong}\n"
        f"URL: {url or path.name}\n"
        f"SHA-1: {hashlib.sha1(content, usedforsecurity=False).hexdigest()}\n"
        "\n"
    )
    padded = content.ljust(-(-size // block) * block, b"\0")
    blocks = np.frombuffer(padded, np.uint8).reshape(-1, block)
    sums = np.hstack([weak_sums(blocks)[:, 4 - lengths.weak :], md4(blocks)[:, : lengths.strong]])
    with atomic_writer(output) as stream:
        stream.write(head.encode())
        stream.write(sums.tobytes())


def weak_sums(blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the four bytes of the rolling sum of each row of `blocks`."""
    places = np.arange(blocks.shape[1], 0, -1, dtype=np.uint32)
    sums = np.stack([blocks.sum(axis=1, dtype=np.uint32), blocks @ places], axis=1)
    # Last, because numpy stacks numbers in the machine's own order of bytes.
    return sums.astype(">u2").view(np.uint8)


def md4(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the MD4 digest of each row of `rows`, all rows at once.

    Python has MD4 only where OpenSSL's legacy provider is installed. The rows' length is a
    multiple of 64.
    """
    count, length = rows.shape
    padding = np.zeros((count, 64), np.uint8)
    padding[:, 0] = 0x80
    padding[:, 56:] = np.frombuffer((length * 8).to_bytes(8, "little"), np.uint8)
    words = np.hstack([rows, padding]).view("<u4")
    start = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
    state = [np.full(count, value, np.uint32) for value in start]
    for begin in range(0, words.shape[1], 16):
        changed = _md4_block(state, words[:, begin : begin + 16])
        state = [old + new for old, new in zip(state, changed, strict=True)]
    return np.stack(state, axis=1).astype("<u4").view(np.uint8)


def _md4_block(state: list[Words], words: Words) -> list[Words]:
    a, b, c, d = state
    for number, (addend, shifts, order) in enumerate(_ROUNDS):
        for step, index in enumerate(order):
            if number == 0:
                mixed = (b & c) | (~b & d)
            elif number == 1:
                mixed = (b & c) | (b & d) | (c & d)
            else:
                mixed = b ^ c ^ d
            total = a + mixed + words[:, index] + np.uint32(addend)
            shift = np.uint32(shifts[step % 4])
            a, b, c, d = d, (total << shift) | (total >> (np.uint32(32) - shift)), b, c
    return [a, b, c, d]
