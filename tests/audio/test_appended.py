"""Where a recording begins that was appended to another."""

from __future__ import annotations

import random
from pathlib import Path

import media
import pytest

from transcriber.audio.appended import has_unread_recording, is_cut_off, next_recording


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "joined"


def sample(name: str) -> bytes:
    found = media.samples() / name
    if not found.exists():
        pytest.skip("this ffmpeg cannot write it")
    return found.read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "sample.wav",
        "sample.w64",
        "sample.aiff",
        "sample.caf",
        "sample.tta",
        "sample.flv",
        "sample.wma",
        "sample.webm",
        "sample.mkv",
    ],
)
def test_it_is_found(name: str, path: Path) -> None:
    data = sample(name)
    path.write_bytes(data * 3)
    assert next_recording(path, 0) == len(data)
    assert next_recording(path, len(data)) == 2 * len(data)
    assert next_recording(path, 2 * len(data)) is None


@pytest.mark.parametrize("pad", [b"", b"\0"])
def test_an_odd_length(pad: bytes, path: Path) -> None:
    data = sample("sample.wav") + b"\1"
    odd = data[:4] + (len(data) - 8).to_bytes(4, "little") + data[8:]
    path.write_bytes(odd + pad + odd)
    assert next_recording(path, 0) == len(odd + pad)


def test_links_of_a_chain(path: Path) -> None:
    one, other = sample("vorbis.ogg"), sample("opus.ogg")
    path.write_bytes(one + other + one)
    assert next_recording(path, 0) is None
    assert next_recording(path, 0, read=1, stopped=True) == len(one)
    assert next_recording(path, 0, read=2, stopped=True) == len(one + other)
    assert next_recording(path, 0, read=3, stopped=True) is None
    assert next_recording(path, len(one), read=1, stopped=True) == len(one + other)


def test_of_matroska_two_may_be_read_at_once(path: Path) -> None:
    one, other = sample("sample.mkv"), sample("sample.webm")
    path.write_bytes(one + other + one)
    assert next_recording(path, 0, read=2) == len(one + other)
    assert next_recording(path, 0, read=3) is None
    # Its length was not known to whoever wrote it.
    place = one.index(bytes.fromhex("18538067")) + 4
    unknown = one[:place] + b"\1" + b"\xff" * 7 + one[place + 8 :]
    path.write_bytes(unknown + other)
    assert next_recording(path, 0) is None


def test_whole_files_have_none(path: Path) -> None:
    for name in media.BY_NAME:
        if (media.samples() / name).exists():
            path.write_bytes(sample(name))
            assert next_recording(path, 0) is None, name
            assert next_recording(path, 0, read=1, stopped=True) is None, name
            assert not has_unread_recording(path), name


def test_a_second_index(path: Path) -> None:
    path.write_bytes(sample("sample.m4a") * 2)
    assert has_unread_recording(path)


def test_a_missing_end_of_the_last_one(path: Path) -> None:
    data = sample("sample.wav")
    path.write_bytes(data + data[:-1000])
    assert not is_cut_off(path, 0)
    assert is_cut_off(path, len(data))


def test_a_search_across_the_pieces_that_are_read(path: Path) -> None:
    data = sample("sample.tta")
    for length in range((1 << 20) - 12, (1 << 20) + 4):
        path.write_bytes(data[:22] + bytes(length - 22) + data)
        assert next_recording(path, 0) == length


def test_any_damage_is_survived(path: Path) -> None:
    generator = random.Random(5)
    for name in (
        "sample.wav",
        "vorbis.ogg",
        "sample.aiff",
        "sample.w64",
        "sample.m4a",
        "sample.flv",
        "sample.webm",
    ):
        data = bytearray(sample(name)) * 2
        for _ in range(30):
            damaged = bytearray(data)
            for _ in range(generator.randint(1, 30)):
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
            path.write_bytes(damaged[: generator.randrange(1, len(damaged))])
            stopped = generator.choice([False, True])
            next_recording(path, 0, read=generator.choice([1, 2]), stopped=stopped)
            has_unread_recording(path)
            is_cut_off(path, generator.randrange(len(damaged)))


def test_a_file_that_has_gone(path: Path) -> None:
    assert next_recording(path, 0) is None
    assert not has_unread_recording(path)
    assert not is_cut_off(path, 0)
