from __future__ import annotations

import pytest

from transcriber.audio.blocks import in_blocks


@pytest.mark.parametrize(
    ("pieces", "blocks"),
    [
        ([], []),
        ([b""], []),
        ([b"abc"], [b"abc"]),
        ([b"a", b"bcd", b"e"], [b"abc", b"de"]),
        ([b"abcdefg"], [b"abc", b"def", b"g"]),
        ([b"abc", b"def"], [b"abc", b"def"]),
    ],
)
def test_blocks_are_alike_but_for_the_last(pieces: list[bytes], blocks: list[bytes]) -> None:
    assert list(in_blocks(pieces, 3)) == blocks


def test_a_block_is_given_as_soon_as_it_is_whole() -> None:
    pieces = iter([b"ab", b"cd", b"e"])
    assert next(in_blocks(pieces, 3)) == b"abc"
    assert next(pieces) == b"e"
