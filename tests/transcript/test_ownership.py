from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from transcriber.files import atomic_writer
from transcriber.transcript import ownership
from transcriber.transcript.ownership import (
    Mark,
    fingerprint,
    is_of,
    mark_of,
    place_digest,
    put_mark,
)

MARK = Mark(content="c" * 64, samples="s" * 64, label="in 1/täglich 語.wav", place="p" * 32)


@pytest.fixture
def no_attributes(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Do without extended attributes; return the cache that is used instead."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    cache = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(os, "setxattr", refuse)
    monkeypatch.setattr(os, "getxattr", refuse)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    return cache


def write(path: Path, mark: Mark | None) -> None:
    with atomic_writer(path) as stream:
        stream.write(b"text")
        note = put_mark(stream.fileno(), mark)
    note(path)


def test_a_file_tells_whose_it_is(tmp_path: Path) -> None:
    write(tmp_path / "talk.txt", MARK)
    assert mark_of(tmp_path / "talk.txt") == MARK
    assert (tmp_path / "talk.txt").read_bytes() == b"text"
    assert [path.name for path in tmp_path.iterdir()] == ["talk.txt"]
    (tmp_path / "talk.txt").rename(tmp_path / "moved.txt")
    assert mark_of(tmp_path / "moved.txt") == MARK


@pytest.mark.usefixtures("no_attributes")
def test_without_attributes_the_cache_tells(tmp_path: Path) -> None:
    write(tmp_path / "talk.txt", MARK)
    write(tmp_path / "other.txt", None)
    assert mark_of(tmp_path / "talk.txt") == MARK
    assert mark_of(tmp_path / "other.txt") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.txt", "talk.txt"]


def test_notes_do_not_pile_up(
    tmp_path: Path, no_attributes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_MOST_NOTES", 10)
    for number in range(30):
        write(tmp_path / f"{number}.txt", MARK)
        os.utime(ownership._note(tmp_path / f"{number}.txt"), (number, number))
    assert len(list(no_attributes.rglob("*"))) <= 12 + 2
    assert mark_of(tmp_path / "29.txt") == MARK


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path, no_attributes: Path) -> None:
    (no_attributes / "whisper-transcriber").touch()
    write(tmp_path / "talk.txt", MARK)
    assert mark_of(tmp_path / "talk.txt") is None


@pytest.mark.parametrize("value", [b"", b"x", b"a b", b"a b c", b"\xff \xff \xff \xff", b"- - - "])
def test_a_mark_of_somebody_else_breaks_nothing(tmp_path: Path, value: bytes) -> None:
    path = tmp_path / "talk.txt"
    path.touch()
    os.setxattr(path, ownership._ATTRIBUTE, value)
    mark = mark_of(path)
    assert mark is None or not mark.same(MARK)


def test_nobody_knows_whose_any_other_file_is(tmp_path: Path) -> None:
    (tmp_path / "talk.txt").touch()
    assert mark_of(tmp_path / "talk.txt") is None
    assert mark_of(tmp_path / "missing.txt") is None
    write(tmp_path / "talk.txt", None)
    assert mark_of(tmp_path / "talk.txt") is None


def test_a_long_label_is_cut(tmp_path: Path) -> None:
    write(tmp_path / "talk.txt", Mark(content="c", samples="s", label="語" * 2000))
    mark = mark_of(tmp_path / "talk.txt")
    assert mark is not None
    assert (mark.content, mark.samples) == ("c", "s")
    assert mark.label.startswith("語" * 100)


def test_a_recording_keeps_its_digest_under_another_name(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"some samples")
    (tmp_path / "b.mp3").write_bytes(b"some samples")
    os.utime(tmp_path / "b.mp3", (1, 1))
    assert fingerprint(tmp_path / "a.wav") == fingerprint(tmp_path / "b.mp3") != ""


@pytest.mark.parametrize("size", [0, 1, 1000, 4096, 4097, 10_000])
def test_other_recordings_have_other_digests(
    tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_WHOLE_BYTES", 4096)
    monkeypatch.setattr(ownership, "_BLOCK", 256)
    path = tmp_path / "a.wav"
    content = bytes(range(251)) * 40
    path.write_bytes(content[:size])
    before = fingerprint(path)
    changes = [content[: size + 1], b"x" + content[1:size], content[: size - 1] + b"x"]
    for change in changes if size else changes[:1]:
        path.write_bytes(change)
        assert fingerprint(path) != before


def test_a_small_recording_counts_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    content = bytearray(2**20)
    path.write_bytes(content)
    before = fingerprint(path)
    for place in (0, 300_001, 2**20 - 1):
        content[place] = 1
        path.write_bytes(content)
        assert fingerprint(path) != before
        content[place] = 0
    path.write_bytes(content)
    assert fingerprint(path) == before


def test_what_cannot_be_read_again_has_none(tmp_path: Path) -> None:
    assert fingerprint(tmp_path / "missing.wav") == ""
    assert fingerprint(tmp_path) == ""
    os.mkfifo(tmp_path / "pipe")
    assert fingerprint(tmp_path / "pipe") == ""
    assert fingerprint(tmp_path / ("x" * 300)) == ""


def test_a_recording_that_stayed_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"some samples")
    mark = Mark(content=fingerprint(path), samples="s", label="a", place=place_digest(path))
    read: list[Path] = []

    def note(path: Path) -> str:
        read.append(path)
        return fingerprint(path)

    monkeypatch.setattr(ownership, "fingerprint", note)
    assert is_of(mark, path)
    assert read == []
    moved = path.rename(tmp_path / "b.wav")
    assert is_of(mark, moved)
    assert read == [moved]
    os.utime(moved, (1, 1))
    assert is_of(mark, moved)
    moved.write_bytes(b"same samples")
    assert not is_of(mark, moved)
    moved.unlink()
    assert not is_of(mark, moved)
    assert not is_of(Mark(content="", samples="s", label="a"), moved)


def test_another_place_size_or_time(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(b"some samples")
    os.utime(path, ns=(5, 5))
    places = [place_digest(path)]
    os.utime(path, ns=(5, 6))
    places.append(place_digest(path))
    path.write_bytes(b"more")
    os.utime(path, ns=(5, 5))
    places.append(place_digest(path))
    places.append(place_digest(path.rename(tmp_path / "b.wav")))
    assert len({*places, ""}) == 5
    assert place_digest(tmp_path / "missing") == ""


def test_marks_of_one_recording() -> None:
    assert MARK.same(Mark(content=MARK.content, samples="other track", label="b"))
    assert MARK.same(Mark(content="another container", samples=MARK.samples, label="b"))
    assert not MARK.same(Mark(content="x", samples="y", label=MARK.label))
    nothing = Mark(content="", samples="s", label="a")
    assert not nothing.same(Mark(content="", samples="t", label="a"))
