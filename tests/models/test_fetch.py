"""Which source is asked for what, and what is left in the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from download.download_server import (
    model_of,
    serve,
    status,
)

from transcriber.download.digest import file_sha256
from transcriber.errors import NetworkError, StorageError

from .conftest import Fetch, RecordingReport, StartServer
from .outcomes import assert_resumable, assert_right, starts

pytestmark = pytest.mark.timeout(30)


def test_a_good_server(
    start_server: StartServer, fetch_from: Fetch, content: bytes, report: RecordingReport
) -> None:
    server = start_server()
    stored = fetch_from(server)
    assert_right(stored, content)
    assert stored.origin == "official"
    assert stored.sha256 == file_sha256(stored.path, remembered=False)
    assert report.progress[0] == (0, len(content))
    assert report.progress[-1] == (len(content), len(content))
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_model_that_is_there_is_not_asked_for(
    start_server: StartServer, fetch_from: Fetch, store: Path, content: bytes
) -> None:
    server = start_server()
    store.mkdir()
    (store / "test.pt").write_bytes(content)
    assert_right(fetch_from(server), content)
    assert server.requests == []


@pytest.mark.parametrize("damage", [b"", b"half", b"\0" * 3_000_001])
def test_a_damaged_model_is_replaced(
    start_server: StartServer, fetch_from: Fetch, store: Path, content: bytes, damage: bytes
) -> None:
    store.mkdir()
    (store / "test.pt").write_bytes(damage)
    assert_right(fetch_from(start_server()), content)


def test_flipped_bytes_of_a_mirror_send_to_the_next_source(
    start_server: StartServer, fetch_from: Fetch, content: bytes, report: RecordingReport
) -> None:
    mirror = start_server(then=serve(content[:-1] + b"?"))
    server = start_server()
    stored = fetch_from(server, mirrors=[f"http://127.0.0.1:{mirror.port}/other/"])
    assert_right(stored, content)
    assert [request.path for request in mirror.requests] == ["/other/test.pt"]
    assert starts(server) == [None]
    assert "does not have the expected sha256" in report.text


def test_mirrors_come_first_in_their_order(
    start_server: StartServer, fetch_from: Fetch, content: bytes
) -> None:
    refusing, failing, good = (
        start_server(then=status(404)),
        start_server(then=status(503)),
        start_server(),
    )
    official = start_server()
    model = model_of(content, official.address)
    stored = fetch_from(
        official,
        mirrors=[
            f"http://127.0.0.1:{refusing.port}",
            f"http://127.0.0.1:{failing.port}/{{sha256}}/{{file}}",
            f"http://127.0.0.1:{good.port}/get?model={{name}}",
        ],
    )
    assert_right(stored, content)
    assert [request.path for request in refusing.requests] == ["/test.pt"]
    assert {request.path for request in failing.requests} == {f"/{model.sha256}/test.pt"}
    assert [request.path for request in good.requests] == ["/get?model=test"]
    assert official.requests == []


def test_another_source_never_continues_what_one_began(
    start_server: StartServer, fetch_from: Fetch, content: bytes
) -> None:
    mirror = start_server(serve(content, stop_after=1_000_000), then=status(404))
    official = start_server()
    stored = fetch_from(official, mirrors=[f"http://127.0.0.1:{mirror.port}"])
    assert_right(stored, content)
    assert starts(official) == [None]


def test_a_folder_is_a_mirror(
    start_server: StartServer, fetch_from: Fetch, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a folder" / "test.pt").write_bytes(content)
    server = start_server()
    mirror = (tmp_path / "a folder").as_uri()
    assert_right(fetch_from(server, mirrors=[mirror]), content)
    assert server.requests == []


@pytest.mark.parametrize("there", ["nothing", "a folder", "another file"])
def test_a_folder_without_the_file_is_passed_over(
    start_server: StartServer, fetch_from: Fetch, content: bytes, tmp_path: Path, there: str
) -> None:
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    if there == "a folder":
        (mirror / "test.pt").mkdir()
    elif there == "another file":
        (mirror / "test.pt").write_bytes(b"short")
    server = start_server()
    assert_right(fetch_from(server, mirrors=[mirror.as_uri()]), content)


def test_every_source_is_named_in_the_error(
    start_server: StartServer, fetch_from: Fetch, tmp_path: Path
) -> None:
    server = start_server(then=status(404))
    with pytest.raises(NetworkError) as caught:
        fetch_from(server, mirrors=[tmp_path.as_uri()])
    assert f"{tmp_path.as_uri()}/test.pt: No such file or directory" in str(caught.value)
    assert f"{server.address}: it answers 404 Not Found" in str(caught.value)


def test_ctrl_c_leaves_what_can_be_resumed(
    start_server: StartServer, fetch_from: Fetch, store: Path, content: bytes
) -> None:
    class Impatient(RecordingReport):
        def download(self, name: str, done: int, total: int) -> None:
            if done > 0:
                raise KeyboardInterrupt

    # The report hears of the download ten times a second.
    server = start_server(serve(content, pause=0.001))
    with pytest.raises(KeyboardInterrupt):
        fetch_from(server, report=Impatient())
    length = assert_resumable(store, content)
    assert 0 < length < len(content)
    assert_right(fetch_from(server), content)
    assert starts(server) == [None, length]


def test_a_folder_in_the_place_of_the_model(
    start_server: StartServer, fetch_from: Fetch, store: Path
) -> None:
    (store / "test.pt").mkdir(parents=True)
    server = start_server()
    with pytest.raises(StorageError, match="is a folder"):
        fetch_from(server)
    assert server.requests == []
