"""Linux tells of changes in folders."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from transcriber.watching.notifications import Notifications

PATIENCE = 5.0


@pytest.fixture
def notifications(tmp_path: Path) -> Iterator[Notifications]:
    found = Notifications()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "old.wav").touch()
    (tmp_path / "out.wav").touch()
    found.add(tmp_path / "in")
    yield found
    found.close()
    assert found.fileno() < 0


def told(notifications: Notifications, patience: float) -> bool:
    return bool(select.select([notifications], (), (), patience)[0])


CHANGES: dict[str, Callable[[Path], object]] = {
    "written": lambda root: (root / "in" / "new.wav").write_bytes(b"all"),
    "moved in": lambda root: (root / "out.wav").rename(root / "in" / "new.wav"),
    "moved away": lambda root: (root / "in" / "old.wav").rename(root / "gone.wav"),
    "renamed": lambda root: (root / "in" / "old.wav").rename(root / "in" / "new.wav"),
    "deleted": lambda root: (root / "in" / "old.wav").unlink(),
    "a folder": lambda root: (root / "in" / "below").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_told_once(
    notifications: Notifications, tmp_path: Path, change: Callable[[Path], object]
) -> None:
    assert not told(notifications, 0)
    change(tmp_path)
    assert told(notifications, PATIENCE)
    notifications.drain()
    assert not told(notifications, 0)
    notifications.drain()


def test_reading_is_no_change_and_a_missing_folder_no_failure(
    notifications: Notifications, tmp_path: Path
) -> None:
    notifications.add(tmp_path / "in")
    notifications.add(tmp_path / "missing")
    (tmp_path / "in" / "old.wav").read_bytes()
    assert not told(notifications, 0)
