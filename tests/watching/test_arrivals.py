"""What counts as whole, and what is left alone."""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import Mock

import pytest

from transcriber.errors import InputError
from transcriber.watching.arrivals import Arrivals, is_written

SETTLE = 3.0


@dataclass
class Watched:
    """Arrivals by a clock that goes when it is told."""

    folder: Path
    now: float = 0.0
    settle: float = SETTLE
    heard: list[Path] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.arrivals = self.over(self.folder)

    def over(self, *folders: Path) -> Arrivals:
        return Arrivals(
            folders,
            settle=self.settle,
            heard=self.heard.append,
            failed=self._failed,
            clock=lambda: self.now,
        )

    def after(self, seconds: float) -> list[str]:
        """Look again later; return what waits."""
        self.now += seconds
        self.arrivals.scan()
        return [str(path.relative_to(self.folder)) for path in self.arrivals.waiting()]

    def _failed(self, _: str, error: InputError) -> None:
        self.failures.append(str(error))


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    folder = tmp_path / "in"
    folder.mkdir()
    return Watched(folder)


def test_a_file_is_whole_once_it_stays_as_it_is(watched: Watched) -> None:
    path = watched.folder / "a.wav"
    path.write_bytes(b"half")
    assert watched.after(0) == []
    assert watched.arrivals.next_change() == SETTLE
    assert watched.after(2) == []
    with path.open("ab") as stream:
        stream.write(b"more")
    assert watched.after(2) == []
    assert watched.after(2) == []
    assert watched.arrivals.next_change() == 1
    assert watched.after(1) == ["a.wav"]
    assert watched.arrivals.next_change() == float("inf")


def test_what_somebody_has_open_to_write_is_not_whole(watched: Watched) -> None:
    path = watched.folder / "a.wav"
    with path.open("wb") as stream:
        stream.write(b"half")
        stream.flush()
        assert is_written(path)
        watched.after(0)
        assert watched.after(60) == []
    assert not is_written(path)
    assert watched.after(1) == ["a.wav"]


def test_without_settling_the_second_look_comes_at_once(watched: Watched) -> None:
    watched.settle = 0
    watched.arrivals = watched.over(watched.folder)
    (watched.folder / "a.wav").write_bytes(b"whole")
    (watched.folder / "empty.wav").touch()
    watched.after(0)
    assert watched.arrivals.next_change() == 0
    assert watched.after(0) == ["a.wav"]
    assert watched.arrivals.next_change() == float("inf")


def test_files_of_others_settle_longer(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse = Mock(side_effect=PermissionError(errno.EACCES, "not yours"))
    monkeypatch.setattr(fcntl, "fcntl", refuse)
    path = watched.folder / "a.wav"
    path.write_bytes(b"half")
    watched.after(0)
    assert watched.after(7) == []
    with path.open("ab") as stream:
        stream.write(b"more")
    assert watched.after(7) == []
    assert watched.arrivals.next_change() == SETTLE
    assert watched.after(SETTLE) == []
    assert watched.arrivals.next_change() == 30 - SETTLE
    assert watched.after(26) == []
    assert watched.after(1) == ["a.wav"]
    assert watched.arrivals.next_change() == float("inf")


def test_reading_a_file_does_not_hold_it_back(watched: Watched) -> None:
    path = watched.folder / "a.wav"
    path.write_bytes(b"whole")
    with path.open("rb"):
        assert not is_written(path)
    assert not is_written(watched.folder / "missing.wav")


@pytest.mark.parametrize(
    "name",
    [
        "a.wav.part",
        "a.mp3.crdownload",
        "a.ogg.tmp",
        "a.wav~",
        ".a.wav.Xy12Za",
        ".syncthing.a.wav.tmp",
        ".hidden/a.wav",
    ],
)
def test_temporary_names_are_left_alone(watched: Watched, name: str) -> None:
    path = watched.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"fLaC" + bytes(100))
    watched.after(0)
    assert watched.after(SETTLE) == []
    path.rename(watched.folder / "a.wav")
    watched.after(0)
    assert watched.after(SETTLE) == ["a.wav"]
    assert not watched.failures


def test_a_recording_may_have_any_ending_and_an_empty_file_is_none(watched: Watched) -> None:
    (watched.folder / "recorder0001").write_bytes(b"fLaC" + bytes(100))
    (watched.folder / "a.wav").touch()
    (watched.folder / "a.transcriber-journal").write_text("no recording")
    os.mkfifo(watched.folder / "b.wav")
    watched.after(0)
    assert watched.after(SETTLE) == ["recorder0001"]


def test_folders_below_are_watched_and_heard_of(watched: Watched) -> None:
    watched.after(0)
    below = watched.folder / "a" / "b"
    below.mkdir(parents=True)
    (below / "c.wav").write_bytes(b"whole")
    watched.after(0)
    assert below in watched.heard
    assert watched.after(SETTLE) == ["a/b/c.wav"]


def test_what_was_taken_waits_again_only_when_it_has_changed(watched: Watched) -> None:
    path = watched.folder / "a.wav"
    path.write_bytes(b"whole")
    watched.after(0)
    watched.after(SETTLE)
    watched.arrivals.take(path)
    assert watched.after(SETTLE) == []
    path.write_bytes(b"another")
    watched.after(1)
    assert watched.arrivals.recordings() == {path: watched.folder}
    assert watched.after(SETTLE) == ["a.wav"]
    watched.arrivals.take(path)
    watched.arrivals.restore(path)
    assert watched.after(0) == ["a.wav"]


def test_what_goes_while_it_waits_is_told_once(watched: Watched) -> None:
    waits, taken, grows = (watched.folder / f"{name}.wav" for name in "abc")
    waits.write_bytes(b"whole")
    taken.write_bytes(b"whole")
    watched.after(0)
    watched.after(SETTLE)
    watched.arrivals.take(taken)
    grows.write_bytes(b"half")
    watched.after(0)
    for path in (waits, taken, grows):
        path.unlink()
    assert watched.arrivals.scan() == (waits,)
    assert watched.arrivals.scan() == ()


def test_a_folder_that_cannot_be_read_is_told_once_until_it_can(watched: Watched) -> None:
    away = watched.folder.with_name("away")
    for _ in range(2):
        watched.folder.rename(away)
        watched.after(0)
        watched.after(0)
        away.rename(watched.folder)
        watched.after(0)
    assert len(watched.failures) == 2
    assert watched.failures[0].startswith(f"cannot read the folder {watched.folder}: No such file")


def test_folders_within_each_other_give_each_recording_once(watched: Watched) -> None:
    below = watched.folder / "below"
    below.mkdir()
    (below / "a.wav").write_bytes(b"whole")
    watched.arrivals = watched.over(watched.folder, below)
    watched.after(0)
    assert watched.after(SETTLE) == ["below/a.wav"]
    assert watched.arrivals.recordings() == {below / "a.wav": watched.folder}
