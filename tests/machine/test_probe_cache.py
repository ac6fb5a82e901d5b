from __future__ import annotations

import os
from pathlib import Path

import pytest

from transcriber.machine.probe_cache import CAPACITY, ProbeCache
from transcriber.machine.probe_runner import STATUSES, ProbeResult

WORKS = ProbeResult(status="works", reason="fine", name="GPU")


def cache(path: Path, boot: str = "first", **key: str) -> ProbeCache:
    return ProbeCache(path=path / "device.json", key=key, boot=boot)


def test_nothing_is_remembered_at_first(tmp_path: Path) -> None:
    assert cache(tmp_path, driver="1").recall() is None


def test_result_is_remembered_for_its_key(tmp_path: Path) -> None:
    cache(tmp_path, driver="1", index="0").keep(WORKS)
    assert cache(tmp_path, index="0", driver="1").recall() == WORKS
    assert cache(tmp_path, driver="2", index="0").recall() is None
    assert cache(tmp_path, driver="1", index="1").recall() is None


@pytest.mark.parametrize("status", STATUSES)
def test_what_a_restart_changes(tmp_path: Path, status: str) -> None:
    cache(tmp_path, driver="1").keep(ProbeResult(status=status, reason="x"))
    now = cache(tmp_path, driver="1").recall()
    later = cache(tmp_path, boot="second", driver="1").recall()
    # What refused may have been busy, so it is never remembered.
    assert (now is not None) == (status != "failed")
    assert (later is not None) == (status == "works")


def test_refusal_forgets_what_was_remembered(tmp_path: Path) -> None:
    cache(tmp_path, driver="1").keep(WORKS)
    cache(tmp_path, driver="2").keep(WORKS)
    cache(tmp_path, driver="1").keep(ProbeResult(status="failed", reason="out of memory"))
    assert cache(tmp_path, driver="1").recall() is None
    assert cache(tmp_path, driver="2").recall() == WORKS


def test_latest_results_are_kept(tmp_path: Path) -> None:
    for number in range(CAPACITY + 4):
        cache(tmp_path, driver=str(number)).keep(WORKS)
    remembered = [
        cache(tmp_path, driver=str(number)).recall() == WORKS for number in range(CAPACITY + 4)
    ]
    assert remembered == [False] * 4 + [True] * CAPACITY


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 10000, b'{"a": 1}']
)
def test_damaged_file_is_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "device.json").write_bytes(content)
    results = cache(tmp_path, driver="1")
    assert results.recall() is None
    results.keep(WORKS)
    assert results.recall() == WORKS


def test_damaged_entry_is_ignored(tmp_path: Path) -> None:
    results = cache(tmp_path, driver="1")
    results.keep(WORKS)
    file = tmp_path / "device.json"
    file.write_text(file.read_text().replace('"works"', '"splendid"'))
    assert results.recall() is None


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    cache(tmp_path, driver="1").keep(WORKS)
    assert [path.name for path in tmp_path.iterdir()] == ["device.json"]


@pytest.mark.parametrize("obstacle", ["file in place of the folder", "folder in place of the file"])
def test_unwritable_file_is_harmless(tmp_path: Path, obstacle: str) -> None:
    folder = tmp_path / "cache"
    if obstacle.startswith("file"):
        folder.write_text("")
    else:
        (folder / "device.json").mkdir(parents=True)
    results = cache(folder, driver="1")
    results.keep(WORKS)
    assert results.recall() is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_read_only_folder_is_harmless(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    results = cache(tmp_path, driver="1")
    results.keep(WORKS)
    assert results.recall() is None
    tmp_path.chmod(0o700)
