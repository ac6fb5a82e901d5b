"""Disks that are full or cannot be written, real ones where root can mount them."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
import subprocess
import threading
import time
from pathlib import Path

import child
import pytest
from download.download_server import model_of, random_content, serve

from transcriber.download import fetch_file as fetch_module
from transcriber.download.policy import DownloadPolicy
from transcriber.errors import NetworkError, StorageError
from transcriber.models.fetch import fetch
from transcriber.models.registry import OfficialModel

from .conftest import Describe, StartServer

pytestmark = pytest.mark.timeout(30)


def test_a_model_that_does_not_fit_is_not_begun(
    small_disk: Path, start_server: StartServer, policy: DownloadPolicy
) -> None:
    big = random_content(5_000_000, seed=3)
    server = start_server(then=serve(big))
    with pytest.raises(StorageError, match=r"needs 5\.0 MB, and 4\.2 MB are free"):
        fetch(model_of(big, server.address), directory=small_disk, policy=policy)
    assert server.requests == []
    assert list(small_disk.iterdir()) == []


def test_a_disk_that_fills_up_stops_at_once_and_can_be_resumed(
    small_disk: Path,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
    content: bytes,
) -> None:
    filler = small_disk / "filler"
    filled = threading.Event()

    def fill(sent: int) -> None:
        # Once: the server may still be sending when the filler is gone.
        if sent >= 1_000_000 and not filled.is_set():
            filled.set()
            filler.write_bytes(bytes(2_000_000))

    server = start_server(serve(content, on_block=fill))
    with pytest.raises(StorageError, match="No space left on device: free some space"):
        fetch(describe(server), directory=small_disk, policy=policy)
    assert len(server.requests) == 1
    partial = small_disk / "test.pt.partial"
    assert content.startswith(partial.read_bytes())
    assert {path.name for path in small_disk.iterdir()} == {
        "filler",
        "test.pt.partial",
        "test.pt.partial.json",
    }

    filler.unlink()
    length = partial.stat().st_size
    assert fetch(describe(server), directory=small_disk, policy=policy).path.read_bytes() == content
    assert server.requests[1].start == length
    assert [path.name for path in small_disk.iterdir()] == ["test.pt"]


def test_a_full_disk_that_said_it_had_room(
    small_disk: Path,
    start_server: StartServer,
    policy: DownloadPolicy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A quota, or a network file system that reports its server's whole disk."""
    monkeypatch.setattr(fetch_module, "_check_space", lambda *_: None)
    big = random_content(5_000_000, seed=3)
    server = start_server(then=serve(big))
    with pytest.raises(StorageError, match="No space left on device"):
        fetch(model_of(big, server.address), directory=small_disk, policy=policy)
    assert len(server.requests) == 1
    assert not (small_disk / "test.pt").exists()


def _fetch_with_limit(model: OfficialModel, directory: Path, policy: DownloadPolicy) -> None:
    os.environ["XDG_CACHE_HOME"] = str(directory.parent / "cache")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, 1_500_000))
    try:
        fetch(model, directory=directory, policy=policy)
    except StorageError as error:
        if os.strerror(errno.EFBIG) in str(error):
            os._exit(77)


def test_a_file_system_with_a_limit(
    tmp_path: Path,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
    content: bytes,
) -> None:
    """The write in the middle of the file fails, whoever runs the test."""
    server = start_server()
    directory = tmp_path / "store"
    process = multiprocessing.get_context("forkserver").Process(
        target=_fetch_with_limit, args=(describe(server), directory, policy), daemon=True
    )
    process.start()
    process.join(20)
    assert process.exitcode == 77
    assert len(server.requests) == 1
    assert (directory / "test.pt.partial").read_bytes() == content[:1_500_000]
    # Without the limit it goes on from there.
    assert fetch(describe(server), directory=directory, policy=policy).path.read_bytes() == content
    assert server.requests[1].start == 1_500_000


def remount(disk: Path, mode: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{mode}", disk], timeout=10, check=True)


def test_a_read_only_file_system(
    small_disk: Path,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
    content: bytes,
) -> None:
    server = start_server()
    remount(small_disk, "ro")
    with pytest.raises(StorageError, match="Read-only file system: choose a folder"):
        fetch(describe(server), directory=small_disk, policy=policy)
    with pytest.raises(StorageError, match="Read-only file system"):
        fetch(describe(server), directory=small_disk / "below", policy=policy)
    assert server.requests == []

    remount(small_disk, "rw")
    (small_disk / "test.pt").write_bytes(content)
    remount(small_disk, "ro")
    # What is there is used, read-only or not.
    assert fetch(describe(server), directory=small_disk).path.read_bytes() == content
    assert server.requests == []


FETCH = """
import sys
from pathlib import Path
from transcriber.errors import StorageError
from transcriber.models import registry
from transcriber.models.fetch import fetch
try:
    fetch(eval(sys.argv[1], vars(registry)), directory=Path(sys.argv[2]))
except StorageError as error:
    print(error)
"""


def test_a_folder_of_someone_else(
    tmp_path: Path, start_server: StartServer, describe: Describe
) -> None:
    prefix = child.bound_by_modes()
    if prefix is None:
        pytest.skip("needs setpriv to give up root's right to write anywhere")
    directory = tmp_path / "store"
    directory.mkdir(mode=0o555)
    server = start_server()
    done = child.run(FETCH, repr(describe(server)), directory, prefix=prefix)
    assert "Permission denied: choose a folder that you may write to" in done.stdout
    assert server.requests == []


def test_a_file_in_the_place_of_the_folder(
    tmp_path: Path, start_server: StartServer, describe: Describe, policy: DownloadPolicy
) -> None:
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(StorageError, match="store is no folder"):
        fetch(describe(start_server()), directory=tmp_path / "store", policy=policy)


def test_a_cache_that_cannot_be_written_does_no_harm(
    tmp_path: Path,
    start_server: StartServer,
    describe: Describe,
    own_home: Path,
    content: bytes,
) -> None:
    own_home.write_bytes(b"no folder can be made here")
    stored = fetch(describe(start_server()), directory=tmp_path / "store")
    assert stored.path.read_bytes() == content


def test_without_locks_what_was_written_is_read_back(
    tmp_path: Path,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
    content: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another process may write to the same file on a file system that has no locks."""
    directory = tmp_path / "store"
    disturb = threading.Event()
    disturb.set()

    def interfere(sent: int) -> None:
        # By the second megabyte the first ones are on the disk.
        if sent >= 2_000_000 and disturb.is_set():
            while (directory / "test.pt.partial").stat().st_size < 1_000:
                time.sleep(0.001)
            with (directory / "test.pt.partial").open("r+b") as partial:
                partial.write(b"?")

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", no_locks)
    server = start_server(then=serve(content, on_block=interfere))
    with pytest.raises(NetworkError, match="has no locks"):
        fetch(describe(server), directory=directory, policy=policy)
    assert not (directory / "test.pt").exists()
    disturb.clear()
    assert fetch(describe(server), directory=directory, policy=policy).path.read_bytes() == content
