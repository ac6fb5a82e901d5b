"""MD4 of many blocks at once, by which zsync tells them apart.

OpenSSL 3 has it no more, for it protects nobody: here it finds what the digest of the whole proves.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_START = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_ROUNDS = (
    (0, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), (3, 7, 11, 19)),
    (0x5A827999, (0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), (3, 5, 9, 13)),
    (0x6ED9EBA1, (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15), (3, 9, 11, 15)),
)
"""Of each round: what is added, the order of the words, and how far is turned."""


def md4(rows: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return the MD4 (RFC 1320) of each row.

    Parameters
    ----------
    rows : array of uint8, (blocks, bytes)
        As many bytes as a multiple of 64.

    Returns
    -------
    array of uint8, (blocks, 16)
        The digests.
    """
    count, length = rows.shape
    end = np.zeros((16, count), np.uint32)
    end[0], end[14] = 0x80, 8 * length
    words = np.concatenate([np.ascontiguousarray(rows).view("<u4").T, end])
    state = [np.full(count, value, np.uint32) for value in _START]
    for begin in range(0, len(words), 16):
        a, b, c, d = state
        for number, (added, order, turns) in enumerate(_ROUNDS):
            for step, word in enumerate(order):
                if number == 0:
                    mixed = d ^ b & (c ^ d)
                elif number == 1:
                    mixed = b & c | d & (b | c)
                else:
                    mixed = b ^ c ^ d
                total = a + mixed + words[begin + word] + np.uint32(added)
                turn = turns[step % 4]
                a, b, c, d = d, total << turn | total >> 32 - turn, b, c
        state = [old + new for old, new in zip(state, (a, b, c, d), strict=True)]
    return np.stack(state, axis=1).astype("<u4").view(np.uint8)
