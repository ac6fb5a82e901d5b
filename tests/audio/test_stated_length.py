"""Where a recording in chunks says that it ends."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest

from transcriber.audio.stated_length import after_zeros, stated_length, unread_bytes


def wav(stated: int, data: bytes = bytes(1000)) -> bytes:
    return struct.pack("<4sI4s", b"RIFF", stated, b"WAVE") + data


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (wav(1004), 1012),
        (struct.pack(">4sI4s", b"FORM", 1004, b"AIFC"), 1012),
        (bytes.fromhex("726966662e91cf11a5d628db04c10000") + struct.pack("<Q", 1012), 1012),
        # Whoever wrote them did not know.
        (wav(0), None),
        (wav(0x7FFFFFFF), None),
        (wav(0xFFFFFFFF), None),
        (b"OggS" + bytes(20), None),
        (b"RIFF", None),
        (b"", None),
    ],
)
def test_what_is_stated(head: bytes, length: int | None) -> None:
    assert stated_length(head[:24]) == length


@pytest.mark.parametrize("count", [0, 1, 4096, (1 << 20) - 1, 1 << 20, 3 << 20])
def test_zeros_are_passed_over(count: int) -> None:
    stream = io.BytesIO(b"ab" + bytes(count) + b"cd")
    assert after_zeros(stream, 2) == 2 + count
    assert stream.read() == b"cd"
    assert after_zeros(io.BytesIO(bytes(count)), 0) is None


@pytest.mark.parametrize(
    ("tail", "count"),
    [
        (b"", 0),
        (b"\xff" * 4095, 0),
        (b"\xff" * 4096, 4096),
        (bytes(5000) + b"\xff" * 5000, 5000),
        (bytes(99_999), 0),
        (b"TAG" + b"x" * 125, 0),
        (b"ID3\4\0\0\0\0\x40\0" + b"x" * 8192, 0),
        (b"ID3\4\0\0\0\0\x40\0" + b"\xff" * 18192, 10_000),
        # Further chunks are no sound.
        (b"LIST" + struct.pack("<I", 30_000) + b"x" * 30_000, 0),
        (b"LIST" + struct.pack("<I", 30_000) + b"x" * 30_000 + b"\xff" * 5000, 5000),
        (b"RIFF" + b"x" * 5000, 5004),
    ],
)
@pytest.mark.parametrize("odd", [False, True])
def test_what_follows_the_end(tail: bytes, count: int, odd: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    size = 961 if odd else 960
    chunk = b"data" + struct.pack("<I", size) + bytes(size + size % 2)
    path.write_bytes(b"before" + wav(4 + len(chunk), chunk) + tail)
    assert unread_bytes(path, 6) == count
    assert unread_bytes(tmp_path / "none", 0) == 0


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_sound_of_unknown_length_goes_on_to_the_end(size: int, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(36, b"data" + struct.pack("<I", size) + b"\xff" * 9000))
    assert unread_bytes(path, 0) == 0


def test_sound_that_is_longer_than_its_chunk(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav(10_012, b"data" + struct.pack("<I", 1000) + b"\xff" * 10_000))
    assert unread_bytes(path, 0) == 9000
