"""Folders that are made once and anew only when what they are made from changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measuring.made_once import made_once
from buildkit.errors import InputError, StorageError


def test_a_folder_is_made_anew_only_when_a_source_changed(tmp_path: Path) -> None:
    source, made = tmp_path / "source", []

    def make(content: Path) -> None:
        made.append(source.read_text())
        (content / "copy").write_text(made[-1])

    source.write_text("one")
    first = made_once(tmp_path / "cache", "thing", [source], make)
    assert made_once(tmp_path / "cache", "thing", [source], make) == first
    assert made == ["one"]
    source.write_text("two")
    second = made_once(tmp_path / "cache", "thing", [source], make)
    assert (second / "copy").read_text() == "two"
    # The old one is of no use any more, and neither is what it was made in.
    assert list((tmp_path / "cache").iterdir()) == [second]


def test_another_folder_whose_name_begins_alike_stays(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("one")
    other = made_once(tmp_path / "cache", "thing-else", [source], lambda _: None)
    source.write_text("two")
    made_once(tmp_path / "cache", "thing", [source], lambda _: None)
    assert other.is_dir()


def test_what_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("one")

    def fail(content: Path) -> None:
        (content / "half").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        made_once(tmp_path / "cache", "thing", [source], fail)
    assert not list((tmp_path / "cache").iterdir())


def test_a_missing_source_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing: No such file"):
        made_once(tmp_path / "cache", "thing", [tmp_path / "nothing"], lambda _: None)
