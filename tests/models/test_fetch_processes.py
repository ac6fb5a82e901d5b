"""Several processes, and processes that are killed: real ones, and a real server."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import random
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from download.download_server import serve, status

from transcriber.download.lock import FileLock, lock_path
from transcriber.download.policy import DownloadPolicy
from transcriber.errors import NetworkError
from transcriber.models.fetch import fetch
from transcriber.models.registry import OfficialModel

from .conftest import Describe, RecordingReport, StartServer

pytestmark = pytest.mark.timeout(60)

# A server of forks starts a process in milliseconds, and has no threads that a fork would break.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["pytest", "transcriber.models.fetch"])


def fetch_in_child(model: OfficialModel, directory: Path, policy: DownloadPolicy) -> None:
    os.environ["XDG_CACHE_HOME"] = str(directory.parent / "cache")
    fetch(model, directory=directory, policy=policy)


def start(model: OfficialModel, directory: Path, policy: DownloadPolicy) -> BaseProcess:
    process = PROCESSES.Process(target=fetch_in_child, args=(model, directory, policy), daemon=True)
    process.start()
    return process


def end(process: BaseProcess) -> int | None:
    process.join(20)
    return process.exitcode


class KillSwitch:
    """Tells when a response has sent a number of bytes, and then sends no more for a while."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        self.reached = threading.Event()
        self.release = threading.Event()

    def __call__(self, sent: int) -> None:
        if sent >= self.offset and not self.reached.is_set():
            self.reached.set()
            self.release.wait(5)


KILLS = 50
CHAINS = 10


@pytest.mark.parametrize("chain", range(CHAINS))
def test_kill_9_at_random_offsets(
    chain: int,
    tmp_path: Path,
    content: bytes,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
) -> None:
    """Five children in turn are killed, each further on; the sixth ends what they began."""
    generator = random.Random(chain)
    directory = tmp_path / "store"
    server = start_server()
    model = describe(server)
    partial = directory / "test.pt.partial"
    offsets = sorted(generator.randrange(len(content)) for _ in range(KILLS // CHAINS))
    if chain == 0:
        # The first and the last byte are where mistakes are made.
        offsets[0], offsets[-1] = 0, len(content)
    for offset in offsets:
        on_disk = partial.stat().st_size if partial.exists() else 0
        switch = KillSwitch(max(offset - on_disk, 0))
        server.script.append(serve(content, on_block=switch, block=generator.randrange(999, 9999)))
        asked = len(server.requests)
        child = start(model, directory, policy)
        assert switch.reached.wait(10)
        # The bytes that were sent are on their way through the child at this moment.
        time.sleep(generator.random() * 0.01)
        child.kill()
        # Where all bytes were sent it may have been quicker.
        assert end(child) == -9 or offset == len(content)
        switch.release.set()
        # It went on from where the last one was killed.
        assert server.requests[asked].start == (on_disk or None)
        if (directory / "test.pt").exists():
            break
        assert content.startswith(partial.read_bytes())
    child = start(model, directory, policy)
    assert end(child) == 0
    assert (directory / "test.pt").read_bytes() == content
    assert left_beside_the_model(directory) <= {".test.pt.lock"}


def left_beside_the_model(directory: Path) -> set[str]:
    """What lies there beside the model: a process killed right after the renaming leaves its
    lock file, which is empty and locks nothing any more.
    """
    return {path.name for path in directory.iterdir()} - {"test.pt"}


def test_kill_9_at_random_times(
    tmp_path: Path,
    content: bytes,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
) -> None:
    """Kills that do not wait for the network: at the opening, the syncing and the renaming too."""
    generator = random.Random(99)
    server = start_server()
    model = describe(server)
    outcomes = set()
    for attempt in range(30):
        directory = tmp_path / f"store{attempt}"
        child = start(model, directory, policy)
        time.sleep(generator.random() * 0.06)
        child.kill()
        end(child)
        final = directory / "test.pt"
        done = final.exists()
        outcomes.add(done)
        if done:
            assert final.read_bytes() == content
        assert fetch(model, directory=directory, policy=policy).path.read_bytes() == content
        assert left_beside_the_model(directory) <= ({".test.pt.lock"} if done else set())
    assert False in outcomes


def test_eight_processes_transfer_one_body(
    tmp_path: Path,
    content: bytes,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
) -> None:
    # Slow enough that all eight are there before the first is done.
    server = start_server(then=serve(content, block=65536, pause=0.02))
    directory = tmp_path / "store"
    children = [start(describe(server), directory, policy) for _ in range(8)]
    assert [end(child) for child in children] == [0] * 8
    assert len(server.requests) == 1
    assert (directory / "test.pt").read_bytes() == content
    assert [path.name for path in directory.iterdir()] == ["test.pt"]


def test_the_next_process_takes_over_from_a_killed_one(
    tmp_path: Path,
    content: bytes,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
) -> None:
    switch = KillSwitch(1_000_000)
    server = start_server(serve(content, on_block=switch))
    directory = tmp_path / "store"
    first = start(describe(server), directory, policy)
    assert switch.reached.wait(10)
    second = start(describe(server), directory, policy)
    time.sleep(0.1)
    first.kill()
    switch.release.set()
    assert end(second) == 0
    assert (directory / "test.pt").read_bytes() == content
    assert len(server.requests) == 2
    assert server.requests[1].start


def test_the_next_process_tries_when_the_first_one_fails(
    tmp_path: Path,
    content: bytes,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
) -> None:
    server = start_server(status(404))
    directory = tmp_path / "store"
    children = [start(describe(server), directory, policy) for _ in range(2)]
    assert sorted(end(child) or 0 for child in children) == [0, 1]
    assert (directory / "test.pt").read_bytes() == content


def test_a_process_that_hangs_is_not_waited_for_without_end(
    tmp_path: Path,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
    report: RecordingReport,
) -> None:
    server = start_server()
    model = describe(server)
    directory = tmp_path / "store"
    directory.mkdir()
    lock = FileLock(lock_path(model, directory))
    assert lock.acquire()
    short = dataclasses.replace(policy, lock_timeout=0.5)
    with pytest.raises(NetworkError, match=r"without progress for 0\.5 s"):
        fetch(model, directory=directory, policy=short, report=report)
    lock.release()
    assert "another process is fetching it; waiting" in report.text
    assert server.requests == []


def test_a_process_that_makes_progress_is_waited_for(
    tmp_path: Path,
    content: bytes,
    start_server: StartServer,
    describe: Describe,
    policy: DownloadPolicy,
    report: RecordingReport,
) -> None:
    """Longer than the limit, because the limit counts from the last byte."""
    server = start_server()
    model = describe(server)
    directory = tmp_path / "store"
    directory.mkdir()
    lock = FileLock(lock_path(model, directory))
    assert lock.acquire()

    def grow() -> None:
        with (directory / "test.pt.partial").open("wb", buffering=0) as partial:
            for _ in range(20):
                partial.write(b"x" * 1000)
                time.sleep(0.1)
        lock.release()

    thread = threading.Thread(target=grow)
    thread.start()
    short = dataclasses.replace(policy, lock_timeout=1.0)
    stored = fetch(model, directory=directory, policy=short, report=report)
    thread.join(10)
    assert stored.path.read_bytes() == content
    assert (5000, len(content)) in report.progress
