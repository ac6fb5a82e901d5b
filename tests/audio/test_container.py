import io
import random
import struct
import subprocess
from pathlib import Path

import media
import pytest

from transcriber.audio.container import has_only_protected_sound, lacks_its_end


def lacks(data: bytes) -> bool:
    return lacks_its_end(io.BytesIO(data), len(data))


def protected(data: bytes) -> bool:
    return has_only_protected_sound(io.BytesIO(data), len(data))


@pytest.fixture
def samples() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in media.samples().iterdir()}


def test_whole_files_lack_nothing(samples: dict[str, bytes]) -> None:
    for name, data in samples.items():
        assert not lacks(data), name
        assert not protected(data), name


@pytest.mark.parametrize(
    "name",
    ["sample.wav", "rf64.wav", "float.wav", "sample.avi", "sample.wma", "sample.asf", "opus.ogg"],
)
def test_a_missing_end_shows(samples: dict[str, bytes], name: str) -> None:
    data = samples[name]
    for share in (0.2, 0.5, 0.9, 0.99):
        assert lacks(data[: int(len(data) * share)]), share


def test_an_flv_cut_anywhere_but_between_tags(samples: dict[str, bytes]) -> None:
    data = samples["sample.flv"]
    ends = [13]
    while ends[-1] < len(data):
        ends.append(ends[-1] + 15 + int.from_bytes(data[ends[-1] + 1 : ends[-1] + 4], "big"))
    assert ends[-1] == len(data)
    assert not lacks(data)
    # Some writers leave out the length behind the last tag.
    assert not lacks(data[:-4])
    generator = random.Random(1)
    for _ in range(100):
        length = generator.randrange(ends[2], len(data))
        between = min((length - end) % len(data) for end in ends) == 0
        within = min((end - length) % len(data) for end in ends) <= 4
        assert lacks(data[:length]) == (not between and not within), length


def test_an_ogg_cut_anywhere_but_between_pages(samples: dict[str, bytes]) -> None:
    data = samples["opus.ogg"]
    pages = [0]
    while pages[-1] < len(data):
        start = pages[-1]
        count = data[start + 26]
        pages.append(start + 27 + count + sum(data[start + 27 : start + 27 + count]))
    assert pages[-1] == len(data)
    for page in pages[1:-1]:
        assert not lacks(data[:page])
    generator = random.Random(1)
    for _ in range(100):
        length = generator.randrange(pages[2], len(data))
        # Less than five bytes of a page are not known for one.
        expected = min(abs(length - page) for page in pages if page <= length) >= 5
        assert lacks(data[:length]) == expected, length


def test_a_wav_from_a_pipe_does_not_know_its_length(tmp_path: Path) -> None:
    source = media.write_wav(tmp_path / "source.wav", seconds=1)
    command = [str(media.ffmpeg().path), "-v", "error", "-i", str(source), "-f", "wav", "-"]
    piped = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    assert not lacks(piped)
    for placeholder in (0, 0x7FFFFFFF, 0x80000024, 0xFFFFFFFF):
        assert not lacks(b"RIFF" + struct.pack("<I", placeholder) + piped[8:])


def encrypted(folder: Path, codec: str, name: str) -> bytes:
    source = media.write_wav(folder / "source.wav")
    media.run_ffmpeg(
        *("-i", source, "-c:a", codec, "-strict", "-2", "-encryption_scheme", "cenc-aes-ctr"),
        *("-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"),
        *("-encryption_kid", "a7e61c373e219033c21091fa607bf3b8", folder / name),
    )
    return (folder / name).read_bytes()


def test_an_encrypted_track_is_seen(tmp_path: Path) -> None:
    data = encrypted(tmp_path, "aac", "encrypted.m4a")
    assert protected(data)
    for scheme in (b"drms", b"aavd"):
        assert protected(data.replace(b"enca", scheme))
    assert not protected(data.replace(b"enca", b"mp4a"))


def test_one_clear_track_is_enough(tmp_path: Path) -> None:
    source = media.write_wav(tmp_path / "source.wav")
    two = tmp_path / "two.m4a"
    media.run_ffmpeg("-i", source, "-map", "0", "-map", "0", "-c:a", "aac", two)
    data = two.read_bytes()
    # The first is the name of the format's kind; the descriptions follow it.
    description = data.index(b"stsd")
    first = data.index(b"mp4a", description)
    second = data.index(b"mp4a", data.index(b"stsd", first))
    one = data[:first] + b"enca" + data[first + 4 :]
    assert not protected(one)
    assert protected(one[:second] + b"enca" + one[second + 4 :])


def test_damaged_boxes_end_the_search() -> None:
    # A box that claims to be as long as itself, endlessly, and one that is shorter than its head.
    for body in (
        b"\0\0\0\x08free" * 200_000,
        b"\0\0\0\x04free",
        b"\0\0\0\x01moov" + b"\xff" * 8,
        b"\0\0\0\0moov\0\0\0\0trak\0\0\0\0mdia\0\0\0\0",
        b"\0\0\0\x08moov",
        b"\0\0",
    ):
        assert not protected(b"\0\0\0\x08ftyp" + body)


def test_any_damage_is_survived(tmp_path: Path) -> None:
    data = bytearray(encrypted(tmp_path, "aac", "encrypted.m4a"))
    generator = random.Random(7)
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(generator.randint(1, 40)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        protected(bytes(damaged[: generator.randrange(len(damaged))]))
