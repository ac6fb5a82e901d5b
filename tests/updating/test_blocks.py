"""The search for blocks: what is made of them is always the file, and little is missing."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest

from native_build.zsync_file import weak_sums, write_zsync
from transcriber.updating.blocks import (
    Control,
    find_blocks,
    missing_ranges,
    read_control,
    rolling_sums,
)
from updating.release_server import noise


def control_of(content: bytes, folder: Path) -> Control:
    (folder / "new").write_bytes(content)
    write_zsync(folder / "new", folder / "new.zsync")
    return read_control((folder / "new.zsync").read_bytes())


def missing(new: bytes, old: bytes, folder: Path) -> int:
    """Check that what was found is what it should be, and return how many blocks were not."""
    control = control_of(new, folder)
    block = control.block
    places = find_blocks(control, old)
    assert len(places) == -(-len(new) // block)
    padded = old + bytes(2 * block)
    for index, place in enumerate(places):
        if place >= 0:
            whole = new[index * block :][:block].ljust(block, b"\0")
            assert padded[place : place + block] == whole
    return places.count(-1)


def test_the_rolling_sum_is_that_of_each_place_by_itself() -> None:
    content = np.frombuffer(noise(5000) + b"\xff" * 3000, np.uint8)
    rows = np.lib.stride_tricks.sliding_window_view(content, 2048)
    assert (rolling_sums(content, 2048) == weak_sums(rows).view(">u4")[:, 0]).all()


@pytest.mark.parametrize("size", [1, 2047, 2048, 2049, 4096, 300_001, 1_500_000])
def test_all_of_the_same_file_is_found(tmp_path: Path, size: int) -> None:
    # One block has no other in a row with it.
    assert missing(noise(size), noise(size), tmp_path) == (1 if size <= 2048 else 0)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_changed_little_is_missing_and_nothing_is_wrong(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    new = noise(300_000, seed) + bytes(20_000) + noise(50_000, seed) + b"ab" * 5000
    old = bytearray(new)
    changes = chance.randrange(1, 12)
    for _ in range(changes):
        at, length = chance.randrange(len(old)), chance.randrange(1, 3000)
        if chance.random() < 0.5:
            old[at:at] = chance.randbytes(length)
        else:
            del old[at : at + length]
    # Of each change: the blocks that it is in, and one beside them that has lost its neighbours.
    assert missing(new, bytes(old), tmp_path) <= 5 * changes


@pytest.mark.parametrize(
    "old", [b"", b"x", bytes(3_000_000), b"abc" * 1_000_000, noise(2_000_000, seed=2)], ids=len
)
def test_of_what_has_nothing_in_common_nothing_is_taken(tmp_path: Path, old: bytes) -> None:
    assert missing(noise(500_000), old, tmp_path) == 245


def test_what_crosses_two_chunks_is_found(tmp_path: Path) -> None:
    content = noise(2_500_000)
    assert missing(content, b"x" + content, tmp_path) == 0


def test_a_weak_sum_that_is_right_by_chance_is_not_believed(tmp_path: Path) -> None:
    new = noise(40_960)
    control = control_of(new, tmp_path)
    wrong = Control(
        size=control.size,
        block=control.block,
        weak=control.weak,
        mask=control.mask,
        strong=[bytes(len(digest)) for digest in control.strong],
    )
    assert find_blocks(wrong, new) == [-1] * 20


def test_twelve_megabytes_take_seconds(tmp_path: Path) -> None:
    content = noise(12_000_000)
    control = control_of(content, tmp_path)
    started = time.process_time()
    find_blocks(control, b"x" + content)
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("places", "ranges"),
    [
        ([0, 1, 2], []),
        ([-1, -1, 2], [(0, 2)]),
        ([0, -1, *range(8), -1], [(1, 11)]),
        ([0, -1, *range(9), -1], [(1, 2), (11, 12)]),
        ([], []),
    ],
)
def test_ranges_that_are_near_are_one(places: list[int], ranges: list[tuple[int, int]]) -> None:
    assert missing_ranges(places, 2048) == ranges


def test_there_are_few_ranges_and_they_have_all_that_is_missing() -> None:
    places = [-1 if index % 20 == 0 else 0 for index in range(6000)]
    ranges = missing_ranges(places, 2048)
    assert len(ranges) <= 24
    within = {index for begin, end in ranges for index in range(begin, end)}
    assert within >= {index for index, place in enumerate(places) if place < 0}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"zsync: 0.6.2\n\n",
        b"Blocksize: 2048\nLength: 10\nHash-Lengths: 2,2,5\n\n",
        b"Blocksize: 0\nLength: 0\nHash-Lengths: 2,2,5\n\n",
        b"Blocksize: 2048\nLength: 10\nHash-Lengths: 2,9,5\n\n" + bytes(14),
        b"Blocksize: x\nLength: 10\nHash-Lengths: 2,2,5\n\n" + bytes(7),
        b"\xff\n\n",
    ],
)
def test_what_is_no_zsync_file(content: bytes) -> None:
    with pytest.raises(ValueError):
        read_control(content)
