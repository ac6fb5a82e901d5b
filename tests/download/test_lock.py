"""A lock is held by one process, and by none once that one is dead."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import child
import pytest

from transcriber.download.lock import FileLock
from transcriber.errors import StorageError

pytestmark = pytest.mark.timeout(30)

HOLD = """
import sys, time
from pathlib import Path
from transcriber.download.lock import FileLock
assert FileLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(30)
"""


def test_only_one_holds_it(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
    assert list(tmp_path.iterdir()) == []


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = child.start(HOLD, path)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        lock = FileLock(path)
        assert not lock.acquire()
        holder.kill()
        holder.wait(10)
        assert lock.acquire()
        lock.release()
    finally:
        holder.kill()
        holder.wait(10)
        if holder.stdout:
            holder.stdout.close()


def test_it_is_held_once_though_its_file_is_deleted_on_release(tmp_path: Path) -> None:
    """Without the look at the file's identity two would hold two files of the same name."""
    path = tmp_path / "lock"
    inside, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most
        for _ in range(60):
            lock = FileLock(path)
            while not lock.acquire():
                pass
            with guard:
                inside += 1
                most = max(most, inside)
            os.sched_yield()
            with guard:
                inside -= 1
            lock.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(25)
    assert most == 1


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", no_locks)
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    assert not lock.supported
    lock.release()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write to the folder"):
        FileLock(tmp_path / "missing" / "lock").acquire()
