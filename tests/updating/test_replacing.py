"""Putting another AppImage in the place of one."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from disks import small_disk

from native_build.pack import with_section
from scripts.native_program import SMALLEST_APPIMAGE
from transcriber.errors import StorageError, UsageError
from transcriber.updating.replacing import alone, go_back, previous, replace, update_address
from updating.release_server import appimage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bin" / "transcriber"
    path.parent.mkdir()
    path.write_bytes(b"one")
    path.chmod(0o755)
    return path


def contents(path: Path) -> dict[str, bytes]:
    return {entry.name: entry.read_bytes() for entry in path.parent.iterdir()}


@pytest.mark.parametrize(
    ("information", "address"),
    [
        ("zsync|https://example.org/a/b.AppImage.zsync", "https://example.org/a/b.AppImage.zsync"),
        ("gh-releases-zsync|a|b|latest|c", ""),
        ("", ""),
    ],
)
def test_the_update_information_is_in_the_file(information: str, address: str) -> None:
    assert update_address(appimage(b"body", information)) == address
    assert update_address(with_section(appimage(b""), ".upd_info", information.encode())) == address


@pytest.mark.parametrize("content", [b"", b"x" * 50, b"x" * 500, b"\xff" * 500, bytes(500)])
def test_a_damaged_file_names_nothing(content: bytes) -> None:
    assert update_address(content) == ""


def test_a_file_without_that_section_names_nothing() -> None:
    assert update_address(appimage(b"").replace(b".upd_info", b".xyz_info")) == ""


@pytest.mark.slow
def test_a_real_appimage_has_that_section() -> None:
    if not SMALLEST_APPIMAGE.is_file():
        pytest.skip("`make appimages` builds it")
    content = SMALLEST_APPIMAGE.read_bytes()
    told = with_section(content, ".upd_info", b"zsync|https://example.org/a.zsync")
    assert update_address(told) == "https://example.org/a.zsync"


def test_the_one_before_is_kept_with_its_mode(path: Path) -> None:
    path.chmod(0o750)
    replace(path, b"two")
    assert contents(path) == {"transcriber": b"two", "transcriber.previous": b"one"}
    for file in (path, previous(path)):
        assert file.stat().st_mode & 0o7777 == 0o750
    replace(path, b"three")
    assert contents(path) == {"transcriber": b"three", "transcriber.previous": b"two"}


def test_whoever_has_the_old_one_open_keeps_it(path: Path) -> None:
    with path.open("rb") as stream:
        replace(path, b"two")
        replace(path, b"three")
        assert stream.read() == b"one"


def test_an_earlier_update_that_stopped_halfway_is_no_obstacle(path: Path) -> None:
    # Both names of one file: renaming the one to the other does nothing.
    os.link(path, previous(path))
    replace(path, b"two")
    assert contents(path) == {"transcriber": b"two", "transcriber.previous": b"one"}


def test_back_and_forth(path: Path) -> None:
    replace(path, b"two")
    go_back(path)
    assert contents(path) == {"transcriber": b"one", "transcriber.previous": b"two"}
    go_back(path)
    assert contents(path) == {"transcriber": b"two", "transcriber.previous": b"one"}


def test_there_is_nothing_to_go_back_to(path: Path) -> None:
    with pytest.raises(UsageError, match=r"no .*transcriber\.previous to go back to"):
        go_back(path)
    assert contents(path) == {"transcriber": b"one"}


def test_a_file_system_without_hard_links(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def refuse(source: object, *rest: object, **more: object) -> None:
        if source == path:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        link(source, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", refuse)
    replace(path, b"two")
    go_back(path)
    assert contents(path) == {"transcriber": b"one", "transcriber.previous": b"two"}
    assert previous(path).stat().st_mode & 0o777 == 0o755


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        path = disk / "transcriber"
        path.write_bytes(b"x" * 500_000)
        with pytest.raises(StorageError, match="No space left"):
            replace(path, b"y" * 900_000)
        assert contents(path) == {"transcriber": b"x" * 500_000}


def test_one_at_a_time(path: Path) -> None:
    with (
        alone(path),
        pytest.raises(StorageError, match=r"another update of .* is running"),
        alone(path),
    ):
        pass
    with alone(path):
        pass
    assert contents(path) == {"transcriber": b"one"}
