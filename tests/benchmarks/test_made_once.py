"""Folders that are made once and anew only when what they are made from changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measuring.made_once import made_once
from buildkit.errors import InputError, StorageError


def test_a_folder_is_made_anew_only_when_a_source_changed(tmp_path: Path) -> None:
    source, cache, made = tmp_path / "source", tmp_path / "cache", []

    def make(content: Path) -> None:
        made.append(source.read_text())
        (content / "copy").write_text(made[-1])

    source.write_text("one")
    first, other = (made_once(cache, name, [source], make) for name in ("thing", "thing-else"))
    assert made_once(cache, "thing", [source], make) == first
    assert made == ["one", "one"]
    source.write_text("two")
    second = made_once(cache, "thing", [source], make)
    assert (second / "copy").read_text() == "two"
    # The old one is of no use any more, nor is what it was made in. That of another name is.
    assert set(cache.iterdir()) == {second, other}


def test_what_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    def fail(content: Path) -> None:
        (content / "half").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        made_once(tmp_path / "cache", "thing", [], fail)
    assert not list((tmp_path / "cache").iterdir())
    with pytest.raises(InputError, match="nothing: No such file"):
        made_once(tmp_path / "cache", "thing", [tmp_path / "nothing"], lambda _: None)
