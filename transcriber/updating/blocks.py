"""What of a published file is in one that is here: zsync's files, and the search for blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from transcriber.updating.md4 import md4

_CHUNK = 1 << 20
"""Places of a file that are looked at together: all sums of them take 30 MB."""

_ROWS = 1024
"""Blocks whose strong sums are computed together."""

_LOW = 0xFFFF

_GAP, _MOST_RANGES = 16384, 24
"""Bytes that cost no more than another request does, and requests at most."""


@dataclass(frozen=True, kw_only=True)
class Control:
    """What zsync's file tells of another.

    Attributes
    ----------
    size, block : int
        Bytes of the file, and of a block.
    weak : array of uint64, (blocks,)
        The rolling sum of each block, as far as it is told.
    mask : int
        Which bits are.
    strong : sequence of bytes
        The beginning of the MD4 of each block.
    """

    size: int
    block: int
    weak: npt.NDArray[np.uint64]
    mask: int
    strong: Sequence[bytes]


def read_control(content: bytes) -> Control:
    """Return what a zsync file says.

    Raises
    ------
    ValueError
        When it is none.
    """
    head, _, sums = content.partition(b"\n\n")
    fields = dict(line.partition(": ")[::2] for line in head.decode().splitlines())
    size, block = (int(fields.get(name, 0)) for name in ("Length", "Blocksize"))
    _, weak, strong = map(int, fields.get("Hash-Lengths", "").split(","))
    width = weak + strong
    if block < 64 or block % 64 or not 2 <= weak <= 4 or len(sums) != -(-size // block) * width:
        raise ValueError("its head does not fit its sums")
    rows = np.frombuffer(sums, np.uint8).reshape(-1, width)
    values = np.zeros(len(rows), np.uint64)
    for column in range(weak):
        values = values << np.uint64(8) | rows[:, column]
    return Control(
        size=size,
        block=block,
        weak=values,
        mask=(1 << 8 * weak) - 1,
        strong=[row.tobytes() for row in rows[:, weak:]],
    )


def rolling_sums(content: npt.NDArray[np.uint8], block: int) -> npt.NDArray[np.uint64]:
    """Return zsync's rolling sum of the block at each place of `content`.

    It is the sum of the bytes and, in the lower 16 bits, that of the bytes times their distance
    from the block's end: a difference of sums, and of sums of sums.
    """
    sums = np.zeros(len(content) + 1, np.uint32)
    np.cumsum(content, dtype=np.uint32, out=sums[1:])
    twice = np.cumsum(sums, dtype=np.uint32)
    before = sums[:-block]
    plain = sums[block:] - before
    weighted = twice[block:] - twice[:-block] - before * np.uint32(block)
    return (plain << 16 | weighted & _LOW).astype(np.uint64)


def find_blocks(control: Control, old: bytes) -> list[int]:
    """Return where in `old` each block of the other file is, -1 where it is not.

    Two blocks in a row must have the right rolling sums, as zsync has it: the strong sums are
    computed of few places. They may be wrong, once in many thousand files.
    """
    block, mask = control.block, np.uint64(control.mask)
    content = np.frombuffer(old + bytes(2 * block), np.uint8)
    pairs = np.unique(control.weak[:-1] << 32 | control.weak[1:])
    first, second = np.zeros((2, _LOW + 1), bool)
    first[control.weak[:-1] & _LOW] = second[control.weak[1:] & _LOW] = True
    found = [np.zeros(0, np.int64)]
    for begin in range(0, len(old) if len(pairs) else 0, _CHUNK):
        sums = rolling_sums(content[begin : begin + _CHUNK + 2 * block], block)
        following = sums[block:]
        places = np.flatnonzero(first[sums[:-block] & _LOW])
        places = places[second[following[places] & _LOW]]
        keys = (sums[places] & mask) << 32 | following[places] & mask
        near = np.searchsorted(pairs, keys).clip(max=len(pairs) - 1)
        places = places[pairs[near] == keys]
        # Of what repeats itself, zeros for example, one is enough.
        _, once = np.unique(sums[places] << 32 | following[places], return_index=True)
        found.append(places[once] + begin)
    candidates = np.concatenate(found)
    candidates = np.unique(np.concatenate([candidates, candidates + block]))
    rows = np.lib.stride_tricks.sliding_window_view(content, block)
    known: dict[bytes, int] = {}
    width = len(control.strong[0]) if control.strong else 0
    for begin in range(0, len(candidates), _ROWS):
        part = candidates[begin : begin + _ROWS]
        for place, digest in zip(part.tolist(), md4(rows[part]), strict=True):
            known.setdefault(digest[:width].tobytes(), place)
    return [known.get(digest, -1) for digest in control.strong]


def missing_ranges(places: Sequence[int], block: int) -> list[tuple[int, int]]:
    """Return which blocks have to be fetched, as few ranges: begins, and ends behind the last."""
    gap = _GAP // block
    while True:
        ranges: list[tuple[int, int]] = []
        for index, place in enumerate(places):
            if place < 0:
                near = ranges and index - ranges[-1][1] <= gap
                ranges.append((ranges.pop()[0] if near else index, index + 1))
        if len(ranges) <= _MOST_RANGES:
            return ranges
        gap = 2 * gap + 1
