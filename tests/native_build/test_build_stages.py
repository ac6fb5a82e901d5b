"""Putting the built program where it is started from."""

from __future__ import annotations

from pathlib import Path

from native_build.build import put_in_place


def test_a_new_program_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    new, place = tmp_path / "program.new", tmp_path / "program"
    for content in ("one", "two"):
        new.mkdir()
        (new / "file").write_text(content)
        put_in_place(new, place)
        assert (place / "file").read_text() == content
        assert not new.exists()


def test_the_same_program_is_left_alone(tmp_path: Path) -> None:
    new, place = tmp_path / "program.new", tmp_path / "program"
    for folder in (new, place):
        folder.mkdir()
        (folder / "file").write_text("same")
    before = place.stat().st_ino, (place / "file").stat().st_ino
    put_in_place(new, place)
    assert (place.stat().st_ino, (place / "file").stat().st_ino) == before
    assert not new.exists()
