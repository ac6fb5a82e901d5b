import bz2
import gzip
import io
import lzma
import random
import tarfile
import zipfile

import media
import pytest

from transcriber.audio.content import foreign_content, unreadable_content


def zipped() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.wav", b"RIFF")
    return stream.getvalue()


def tarred() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.wav"))
    return stream.getvalue()


FOREIGN = {
    "ZIP": zipped(),
    "gzip": gzip.compress(b"RIFF"),
    "bzip2": bz2.compress(b"RIFF"),
    "xz": lzma.compress(b"RIFF"),
    "tar": tarred(),
    "age": b"age-encryption.org/v1\n-> X25519 abc\n",
    "OpenSSL": b"Salted__12345678" + bytes(range(256)),
    "OpenPGP": b"-----BEGIN PGP MESSAGE-----\n\nhQE=\n",
    "PDF": b"%PDF-1.7\n%\xe2\xe3",
    "no audio track: it is a picture": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
}


@pytest.mark.parametrize("word", FOREIGN)
def test_what_is_certainly_no_recording(word: str) -> None:
    told = foreign_content(FOREIGN[word])
    assert told is not None
    assert word in told[0]
    assert told[1]


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"#EXTM3U\nsong.mp3\n", "playlist"),
        (b"\xef\xbb\xbf#EXTM3U\nsong.mp3\n", "playlist"),
        (b"[playlist]\nFile1=a.mp3\n", "playlist"),
        (b"ffconcat version 1.0\nfile a.wav\n", "playlist"),
        (b'<?xml version="1.0"?>\n<MPD>', "playlist"),
        (b"Dear Sir or Madam\n", "text"),
        ("Grüße, 你好\n".encode() * 2000, "text"),
        (b"\x8c\x0d\x04\x09\x03\x02" + bytes(random.Random(1).randbytes(500)), "OpenPGP"),
        (b"\x85\x02\x0c\x03" + bytes(random.Random(1).randbytes(500)), "OpenPGP"),
    ],
)
def test_what_ffmpeg_found_nothing_in(head: bytes, word: str) -> None:
    told = unreadable_content(head[:4096])
    assert told is not None
    assert word in told[0]


def test_a_character_cut_in_two_is_still_text() -> None:
    text = ("a" * 4095 + "ü").encode()
    told = unreadable_content(text[:4096])
    assert told is not None
    assert "text" in told[0]


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"abc", "has only 3 bytes, too few for a recording"),
        (b"\n", "has only 1 byte, too few for a recording"),
        (b"RIFF", "has only 4 bytes, too few for a recording"),
        (b"ID3\x03", "has only 4 bytes, too few for a recording"),
        (b"hello, world\n", "has only 13 bytes, too few for a recording"),
        (b"#EXTM3U\n", "is a playlist, not a recording"),
        (b"a text of 16 b.\n", "is a text file, not a recording"),
    ],
)
def test_a_few_bytes_are_nothing_yet(head: bytes, told: str) -> None:
    found = unreadable_content(head)
    assert found is not None
    assert found[0] == told


@pytest.mark.parametrize(
    "head", [b"", b"\0" * 100, b"RIFF" + bytes(20), b"ab\xff\xfe" * 9, b"x\x01y" * 9]
)
def test_unknown_bytes_are_not_named(head: bytes) -> None:
    assert unreadable_content(head) is None


def test_no_recording_is_taken_for_something_else() -> None:
    samples = list(media.samples().iterdir())
    assert len(samples) > 30
    for sample in samples:
        assert foreign_content(sample.read_bytes()[:4096]) is None, sample.name
        assert unreadable_content(sample.read_bytes()[:4096]) is None, sample.name
