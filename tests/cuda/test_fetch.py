"""The add-on comes over a network that fails, into a folder that two processes write to."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from download.download_server import serve, status
from models.conftest import RecordingReport
from models.outcomes import starts

from transcriber.cuda.addon import MIRROR_VARIABLE, Addon
from transcriber.cuda.fetch import fetch_addon
from transcriber.cuda.store import addon_directory, packed_path, stored_path
from transcriber.download.policy import DownloadPolicy
from transcriber.download.progress import SilentReport
from transcriber.errors import (
    DependencyError,
    NetworkError,
    OfflineError,
    StorageError,
    UsageError,
)

from .conftest import Fetch, Sample, StartServer

pytestmark = pytest.mark.timeout(60)


def test_a_good_server(
    start_server: StartServer, fetch_from: Fetch, sample: Sample, report: RecordingReport
) -> None:
    server = start_server()
    path = fetch_from(server)
    assert path == stored_path(sample.addon())
    assert path.read_bytes() == sample.library
    assert [each.name for each in addon_directory().iterdir()] == [path.name]
    assert report.progress[-1] == (len(sample.packed), len(sample.packed))
    # It is there now, network or not.
    assert fetch_from(server, offline=True) == path
    assert len(server.requests) == 1


def test_an_interrupted_download_is_resumed(
    start_server: StartServer, fetch_from: Fetch, sample: Sample
) -> None:
    class Impatient(RecordingReport):
        def download(self, name: str, done: int, total: int) -> None:
            if done > 0:
                raise KeyboardInterrupt

    # Long enough that the report, which comes ten times a second, comes before the end.
    server = start_server(serve(sample.packed, pause=0.02))
    with pytest.raises(KeyboardInterrupt):
        fetch_from(server, report=Impatient())
    length = packed_path(sample.addon()).stat().st_size
    assert 0 < length < len(sample.packed)
    assert fetch_from(server).read_bytes() == sample.library
    assert starts(server) == [None, length]


def test_what_came_whole_and_was_not_unpacked_is_not_fetched_again(
    start_server: StartServer, fetch_from: Fetch, sample: Sample
) -> None:
    addon_directory().mkdir(parents=True)
    packed_path(sample.addon()).write_bytes(sample.packed)
    server = start_server()
    assert fetch_from(server).read_bytes() == sample.library
    assert server.requests == []
    assert len(list(addon_directory().iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"half"])
def test_a_damaged_one_is_replaced(
    start_server: StartServer, fetch_from: Fetch, sample: Sample, damage: bytes
) -> None:
    addon_directory().mkdir(parents=True)
    stored_path(sample.addon()).write_bytes(damage)
    assert fetch_from(start_server()).read_bytes() == sample.library


def test_a_file_with_another_digest_is_never_unpacked(
    start_server: StartServer, fetch_from: Fetch, sample: Sample
) -> None:
    wrong = sample.packed[:-1] + bytes([sample.packed[-1] ^ 1])
    with pytest.raises(NetworkError, match="does not have the expected sha256"):
        fetch_from(start_server(then=serve(wrong)))
    assert list(addon_directory().iterdir()) == []


def test_a_mirror_comes_first(
    start_server: StartServer,
    fetch_from: Fetch,
    sample: Sample,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    official, named, other = start_server(), start_server(then=status(404)), start_server()
    monkeypatch.setenv(MIRROR_VARIABLE, f"http://127.0.0.1:{other.port}/files")
    fetch_from(official, mirrors=[f"http://127.0.0.1:{named.port}"])
    assert [request.path for request in named.requests] == [f"/{sample.addon().file_name}"]
    assert len(official.requests) == 1
    stored_path(sample.addon()).unlink()
    fetch_from(official)
    assert [request.path for request in other.requests] == [f"/files/{sample.addon().file_name}"]


def test_without_an_address_it_says_how_to_get_the_file_in(
    sample: Sample, report: RecordingReport
) -> None:
    with pytest.raises(NetworkError, match=r"--cuda_mirror or TRANSCRIBER_CUDA_MIRROR.*import"):
        fetch_addon(sample.addon(), report=report)
    assert not addon_directory().exists()


def test_a_folder_is_a_mirror(sample: Sample, tmp_path: Path, report: RecordingReport) -> None:
    (tmp_path / sample.addon().file_name).write_bytes(sample.packed)
    path = fetch_addon(sample.addon(), mirrors=[tmp_path.as_uri()], report=report)
    assert path.read_bytes() == sample.library


@pytest.mark.parametrize("by", ["option", "environment"])
def test_offline(
    start_server: StartServer, fetch_from: Fetch, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    server = start_server()
    if by == "environment":
        monkeypatch.setenv("TRANSCRIBER_OFFLINE", "1")
    with pytest.raises(OfflineError, match=r"transcriber cuda fetch.*transcriber cuda import"):
        fetch_from(server, offline=by == "option")
    assert server.requests == []


def test_a_mirror_that_is_none(sample: Sample, report: RecordingReport) -> None:
    with pytest.raises(UsageError):
        fetch_addon(sample.addon(), mirrors=["ftp://example.org"], report=report)


def test_a_disk_without_room_for_both_files_is_told_before_the_first_byte(
    small_disk: Path, start_server: StartServer, fetch_from: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 4 MiB: the xz file alone would fit.
    monkeypatch.setenv("XDG_CACHE_HOME", str(small_disk))
    server = start_server()
    with pytest.raises(StorageError, match=r"the CUDA add-on needs 7\.\d MB, and 4\.\d MB are"):
        fetch_from(server)
    assert server.requests == []


def test_what_cannot_be_unpacked_here_is_kept_for_the_next_time(
    start_server: StartServer, fetch_from: Fetch, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_decompressor() -> None:
        raise DependencyError("this system has no liblzma.so.5")

    server = start_server()
    with monkeypatch.context() as patch:
        patch.setattr("transcriber.cuda.unpacking.new_decompressor", no_decompressor)
        with pytest.raises(DependencyError, match="no liblzma"):
            fetch_from(server)
    assert packed_path(sample.addon()).read_bytes() == sample.packed
    assert fetch_from(server).read_bytes() == sample.library
    assert len(server.requests) == 1


def _fetch_in_child(addon: Addon, cache: str, policy: DownloadPolicy) -> None:
    os.environ["XDG_CACHE_HOME"] = cache
    fetch_addon(addon, report=SilentReport(), policy=policy)


def test_two_processes_at_once_transfer_one_body(
    start_server: StartServer, sample: Sample, policy: DownloadPolicy
) -> None:
    server = start_server(then=serve(sample.packed, block=65536, pause=0.02))
    given = (sample.addon(server.address), os.environ["XDG_CACHE_HOME"], policy)
    context = multiprocessing.get_context("forkserver")
    children = [context.Process(target=_fetch_in_child, args=given, daemon=True) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(30)
    assert [child.exitcode for child in children] == [0] * 4
    assert len(server.requests) == 1
    path = stored_path(sample.addon())
    assert path.read_bytes() == sample.library
    assert [each.name for each in addon_directory().iterdir()] == [path.name]
