"""What counts as a recording in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from transcriber.audio.command import DEMUXERS
from transcriber.inputs import media_files
from transcriber.inputs.media_files import MEDIA_ENDINGS, is_recording


def test_every_demuxer_has_its_endings() -> None:
    assert set(media_files._ENDINGS) == set(DEMUXERS)
    listed = [ending for line in media_files._ENDINGS.values() for ending in line.split()]
    assert len(listed) == len(set(listed))
    assert all(ending == ending.lower() and not ending.startswith(".") for ending in listed)


@pytest.mark.parametrize(
    "ending", ["mxf", "3g2", "qt", "mts", "m2ts", "dv", "gsm", "MXF", "Gsm", "wave", "m4b", "rmvb"]
)
def test_an_ending_counts_whatever_is_in_the_file(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    path.write_bytes(b"damaged")
    assert is_recording(path)


BEGINNINGS = {
    "wave": b"RIFF\x24\0\0\0WAVEfmt ",
    "rf64": b"RF64\xff\xff\xff\xffWAVEds64",
    "aiff": b"FORM\0\0\0\0AIFF",
    "mp3 with tags": b"ID3\x03\0\0\0\0\0\0",
    "mp3": b"\xff\xfb\x90\x64\0\0",
    "adts": b"\xff\xf1\x50\x80",
    "ogg": b"OggS\0\x02",
    "flac": b"fLaC\0\0\0\x22",
    "matroska": b"\x1aE\xdf\xa3\x01\0",
    "mp4": b"\0\0\0\x20ftypisom",
    "quicktime": b"\0\0\0\x08wide\0\0",
    "windows media": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9",
    "mxf": b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02",
    "transport stream": (b"\x47" + bytes(187)) * 3,
    "camera's transport stream": (bytes(4) + b"\x47" + bytes(187)) * 3,
    "program stream": b"\0\0\x01\xba\x44",
    "amr": b"#!AMR\n",
    "caf": b"caff\0\x01",
}


@pytest.mark.parametrize("kind", BEGINNINGS)
@pytest.mark.parametrize("name", ["a", "a.recording", "a.mod", "meeting.2024-05-01"])
def test_another_ending_counts_by_its_beginning(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(BEGINNINGS[kind] + bytes(32))
    assert is_recording(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF",
        b"Dear diary, RIFF",
        b"RIFF\x24\0\0\0WEBPVP8 ",
        b"\0\0\0\x20ftypheic",
        b"\0\0\0\x20ftypavif",
        b"\0\0\0\x18ftypcrx isom",
        b"\xff\xd8\xff\xe0\0\x10JFIF",
        b"\xff\xfeh\0i\0",
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"SQLite format 3\0",
        b"\x47" + bytes(600),
        b"MAC addresses of the printers\n",
        b"TTA1, TTA2 and so on\n",
        b"MP+ is a format\n",
        b"AV 1 Uhr\n",
        bytes(1024),
    ],
    ids=repr,
)
def test_what_begins_otherwise_does_not_count(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.unknown"
    path.write_bytes(content)
    assert not is_recording(path)


@pytest.mark.parametrize("ending", ["part", "crdownload", "download", "tmp", "bak", "LRV"])
def test_what_is_unfinished_or_a_copy_does_not_count(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.wav.{ending}"
    path.write_bytes(BEGINNINGS["wave"])
    assert not is_recording(path)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    assert not is_recording(tmp_path / "pipe")
    assert not is_recording(tmp_path / "link")
    assert not is_recording(tmp_path / ("n" * 300))


def test_endings_are_listed_once_for_all() -> None:
    assert ".wav" in MEDIA_ENDINGS
    assert ".txt" not in MEDIA_ENDINGS
    assert ".swf" not in MEDIA_ENDINGS
