"""Write the file that lets an updater fetch only what changed, in the format of zsync 0.6.2.

It has a weak and a strong sum of each block of the AppImage. A client looks for the blocks in the
version that it has, and fetches the others. The format is described by zsync's ``makegz.c`` and
``librcksum``.
"""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
from Crypto.Hash import MD4

from buildkit.files import atomic_writer

SMALL_BLOCK, LARGE_BLOCK, LARGE_FILE = 2048, 4096, 100_000_000
"""zsync's own choice: 4096 bytes from a hundred million on."""


def hash_lengths(size: int, block: int) -> tuple[int, int, int]:
    """Return zsync's own choice for a file of `size` bytes, which are at least one.

    The more of the sums is in the file, the rarer is a wrong match.

    Returns
    -------
    (int, int, int)
        How many blocks in a row must match, 1 or 2; bytes of the weak sum, at most 4; bytes of
        the strong sum, at most 16.
    """
    sequence = 2 if size > block else 1
    size_bits, blocks_bits = math.log2(size), math.log2(1 + size // block)
    weak = math.ceil((size_bits + math.log2(block) - 8.6) / sequence / 8)
    strong = math.ceil((20 + size_bits + blocks_bits) / sequence / 8)
    least = int((7.9 + 20 + blocks_bits) / 8)
    return sequence, min(4, max(2, weak)), min(16, max(strong, least))


def write_zsync(path: Path, output: Path) -> None:
    """Write the zsync file of `path` to `output`.

    Parameters
    ----------
    path : Path
        The AppImage, which will be beside that file.
    output : Path
        The file to write.

    Raises
    ------
    StorageError
        When the file cannot be written.
    """
    content = path.read_bytes()
    size = len(content)
    block = LARGE_BLOCK if size >= LARGE_FILE else SMALL_BLOCK
    sequence, weak, strong = hash_lengths(size, block)
    # No MTime: it would be the time of the build.
    head = (
        "zsync: 0.6.2\n"
        f"Filename: {path.name}\n"
        f"Blocksize: {block}\n"
        f"Length: {size}\n"
        f"Hash-Lengths: {sequence},{weak},{strong}\n"
        f"URL: {path.name}\n"
        f"SHA-1: {hashlib.sha1(content, usedforsecurity=False).hexdigest()}\n"
        "\n"
    )
    padded = content.ljust(-(-size // block) * block, b"\0")
    blocks = np.frombuffer(padded, np.uint8).reshape(-1, block)
    with atomic_writer(output) as stream:
        stream.write(head.encode())
        for sums, row in zip(weak_sums(blocks), blocks, strict=True):
            digest = MD4.new(row.tobytes()).digest()  # noqa: S303 - the format's
            stream.write(sums.tobytes()[4 - weak :] + digest[:strong])


def weak_sums(blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the four bytes of the rolling sum of each row of `blocks`."""
    places = np.arange(blocks.shape[1], 0, -1, dtype=np.uint32)
    sums = np.stack([blocks.sum(axis=1, dtype=np.uint32), blocks @ places], axis=1)
    # Last, because numpy stacks numbers in the machine's own order of bytes.
    return sums.astype(">u2").view(np.uint8)
