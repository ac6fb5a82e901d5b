"""Every fault of a server, against a real one: the file is right, or the error is clear."""

from __future__ import annotations

import dataclasses
import email.utils
import threading
import time
from pathlib import Path

import pytest
from models.conftest import Fetch, RecordingReport, StartServer
from models.outcomes import assert_nothing, assert_resumable, assert_right, starts

from download.download_server import (
    Answer,
    FaultServer,
    Handler,
    model_of,
    random_content,
    raw,
    serve,
    status,
)
from transcriber.download.policy import DownloadPolicy
from transcriber.errors import NetworkError
from transcriber.models.fetch import fetch

pytestmark = pytest.mark.timeout(30)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_truncated_bodies_are_resumed(
    start_server: StartServer, fetch_from: Fetch, content: bytes, reset: bool, chunked: bool
) -> None:
    faults = [
        serve(content, stop_after=size, reset=reset, chunked=chunked)
        for size in (1_000_000, 500_000)
    ]
    server = start_server(*faults)
    assert_right(fetch_from(server), content)
    first, second, third = starts(server)
    assert first is None
    assert second
    assert third
    # A reset may take bytes with it that were sent and not yet read.
    assert second <= 1_000_000
    assert second < third <= 1_500_000
    assert server.requests[1].headers["if-range"] == '"1"'


def test_a_server_that_always_truncates_at_the_same_byte(
    start_server: StartServer, fetch_from: Fetch, content: bytes, store: Path
) -> None:
    def answer(handler: Handler) -> None:
        start = server.requests[-1].start or 0
        serve(content, stop_after=max(2_000_000 - start, 1))(handler)

    server = start_server(then=answer)
    with pytest.raises(NetworkError, match="the connection ended after 20000"):
        fetch_from(server)
    assert 5 <= len(server.requests) <= 8
    assert assert_resumable(store, content) >= 2_000_000


def test_truncation_without_ranges_is_given_up(
    start_server: StartServer, fetch_from: Fetch, content: bytes, store: Path
) -> None:
    server = start_server(then=serve(content, ranges=False, stop_after=2_000_000))
    with pytest.raises(NetworkError, match="the connection ended after 2000000 of 3000001"):
        fetch_from(server)
    # The first attempt brought the file further, the others not.
    assert len(server.requests) == 5
    assert_resumable(store, content)


def test_flipped_bytes_are_not_kept(
    start_server: StartServer, fetch_from: Fetch, content: bytes, store: Path
) -> None:
    flipped = bytearray(content)
    flipped[1_234_567] ^= 1
    server = start_server(then=serve(bytes(flipped)))
    with pytest.raises(NetworkError, match="does not have the expected sha256"):
        fetch_from(server)
    assert len(server.requests) == 1
    assert_nothing(store)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (('"1"', None), ('"2"', None)),
        ((None, "Mon, 01 Jan 2024 00:00:00 GMT"), ('"2"', None)),
        ((None, None), (None, None)),
        (('W/"1"', None), ('W/"1"', None)),
        (('"1"', None), (None, None)),
    ],
)
def test_a_changed_remote_is_never_spliced(
    start_server: StartServer,
    fetch_from: Fetch,
    content: bytes,
    before: tuple[str | None, str | None],
    after: tuple[str | None, str | None],
) -> None:
    """Each pair is the entity tag and the date of the last change."""
    other = random_content(len(content), seed=2)
    interrupted = serve(other, stop_after=1_000_000, etag=before[0], modified=before[1])
    server = start_server(interrupted, then=serve(content, etag=after[0], modified=after[1]))
    assert_right(fetch_from(server), content)
    # One request more, and no third: the bytes of the first were dropped at once.
    assert len(server.requests) == 2


def test_a_changed_remote_behind_an_unchanged_validator_starts_over(
    start_server: StartServer, fetch_from: Fetch, content: bytes
) -> None:
    other = random_content(len(content), seed=2)
    server = start_server(serve(other, stop_after=1_000_000))
    assert_right(fetch_from(server), content)
    asked = starts(server)
    assert asked[0] is None
    assert asked[1]
    assert asked[2] is None


@pytest.mark.parametrize(
    "content_range",
    [
        "bytes 0-2000000/3000001",
        "bytes 1000000-3000000/9",
        f"bytes {'9' * 5000}-1/3000001",
        "bytes */3000001",
        "nonsense",
        None,
    ],
)
def test_a_wrong_part_starts_over(
    start_server: StartServer,
    fetch_from: Fetch,
    content: bytes,
    report: RecordingReport,
    content_range: str | None,
) -> None:
    headers = [("Content-Range", content_range)] if content_range else []
    server = start_server(
        serve(content, stop_after=1_000_000), status(206, headers, body=content[:2_000_001])
    )
    assert_right(fetch_from(server), content)
    assert starts(server) == [None, 1_000_000, None]
    # It was seen before it was read, not by the digest.
    assert "it sends another part than was asked for" in report.text


def test_a_part_of_other_content_starts_over(
    start_server: StartServer, fetch_from: Fetch, content: bytes, report: RecordingReport
) -> None:
    def ignore_if_range(handler: Handler) -> None:
        start = server.requests[-1].start or 0
        headers = [
            ("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"),
            ("ETag", '"2"'),
        ]
        status(206, headers, body=b"?" * (len(content) - start))(handler)

    server = start_server(serve(content, stop_after=1_000_000), ignore_if_range)
    assert_right(fetch_from(server), content)
    assert starts(server) == [None, 1_000_000, None]
    assert "it sends another part than was asked for" in report.text


def test_a_server_that_sends_less_than_was_asked_for(
    start_server: StartServer, fetch_from: Fetch, content: bytes
) -> None:
    def piece(handler: Handler) -> None:
        start = server.requests[-1].start or 0
        end = min(start + 300_000, len(content))
        headers = [("Content-Range", f"bytes {start}-{end - 1}/{len(content)}"), ("ETag", '"1"')]
        status(206, headers, body=content[start:end])(handler)

    server = start_server(serve(content, stop_after=300_000), then=piece)
    assert_right(fetch_from(server), content)
    # More requests than there are attempts without progress.
    assert starts(server) == [None, *range(300_000, len(content), 300_000)]


def test_no_range_support_starts_over(
    start_server: StartServer, fetch_from: Fetch, content: bytes, report: RecordingReport
) -> None:
    server = start_server(
        serve(content, ranges=False, stop_after=1_000_000), then=serve(content, ranges=False)
    )
    assert_right(fetch_from(server), content)
    assert starts(server)[1]
    assert len(server.requests) == 2
    assert "starts over with the whole file" in report.text


def test_416_starts_over(start_server: StartServer, fetch_from: Fetch, content: bytes) -> None:
    server = start_server(serve(content, stop_after=1_000_000), status(416))
    assert_right(fetch_from(server), content)
    assert starts(server)[1]
    assert starts(server)[2] is None


def test_416_for_the_whole_file_is_an_error(
    start_server: StartServer, fetch_from: Fetch, store: Path
) -> None:
    with pytest.raises(NetworkError, match="416"):
        fetch_from(start_server(then=status(416)))
    assert_nothing(store)


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_heeded(
    start_server: StartServer,
    fetch_from: Fetch,
    content: bytes,
    policy: DownloadPolicy,
    code: int,
    form: str,
) -> None:
    # A date has whole seconds: the next but one is at least one second away.
    value = "1" if form == "seconds" else email.utils.formatdate(time.time() + 2, usegmt=True)
    server = start_server(status(code, [("Retry-After", value)]))
    started = time.monotonic()
    policy = dataclasses.replace(policy, retry_after_limit=30.0)
    assert_right(fetch_from(server, policy=policy), content)
    assert time.monotonic() - started >= 0.99


@pytest.mark.parametrize("value", ["86400", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_retry_after_has_a_limit(
    start_server: StartServer, fetch_from: Fetch, content: bytes, value: str
) -> None:
    server = start_server(status(429, [("Retry-After", value)]))
    started = time.monotonic()
    assert_right(fetch_from(server), content)
    assert 0.5 <= time.monotonic() - started < 20


@pytest.mark.parametrize("code", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_error_is_tried_again(
    start_server: StartServer, fetch_from: Fetch, content: bytes, code: int
) -> None:
    server = start_server(status(code), status(code))
    assert_right(fetch_from(server), content)
    assert len(server.requests) == 3


def test_a_lasting_server_error_ends(
    start_server: StartServer, fetch_from: Fetch, policy: DownloadPolicy, store: Path
) -> None:
    server = start_server(then=status(500))
    with pytest.raises(NetworkError, match="it answers 500 Internal Server Error"):
        fetch_from(server)
    assert len(server.requests) == policy.attempts
    assert_nothing(store)


@pytest.mark.parametrize("code", [401, 403, 404, 410, 407])
def test_a_refusal_is_not_tried_again(
    start_server: StartServer, fetch_from: Fetch, store: Path, code: int
) -> None:
    server = start_server(then=status(code))
    with pytest.raises(NetworkError, match=f"it answers {code}"):
        fetch_from(server)
    assert len(server.requests) == 1
    assert_nothing(store)


def test_an_error_keeps_what_was_fetched_before(
    start_server: StartServer, fetch_from: Fetch, store: Path, content: bytes
) -> None:
    server = start_server(
        serve(content, stop_after=1_000_000), *[status(503)] * 5, status(404), then=serve(content)
    )
    for _ in range(2):
        with pytest.raises(NetworkError):
            fetch_from(server)
        assert assert_resumable(store, content) == 1_000_000
    assert_right(fetch_from(server), content)
    assert server.requests[-1].start == 1_000_000


def test_a_stall_is_broken_off_and_resumed(
    start_server: StartServer,
    fetch_from: Fetch,
    content: bytes,
    report: RecordingReport,
    policy: DownloadPolicy,
) -> None:
    release = threading.Event()

    def hold(sent: int) -> None:
        if sent >= 1_000_000:
            release.wait(20)

    server = start_server(serve(content, on_block=hold))
    short = dataclasses.replace(policy, stall_timeout=0.4)
    assert_right(fetch_from(server, policy=short), content)
    release.set()
    assert starts(server)[1]
    assert "nothing came for 0.4 s" in report.text


def test_a_trickle_is_broken_off_and_resumed(
    start_server: StartServer,
    fetch_from: Fetch,
    content: bytes,
    report: RecordingReport,
    policy: DownloadPolicy,
) -> None:
    # 100 bytes every 10 ms never make the socket wait, and would take five minutes.
    server = start_server(serve(content, block=100, pause=0.01))
    short = dataclasses.replace(policy, rate_window=0.4, minimum_rate=50_000)
    assert_right(fetch_from(server, policy=short), content)
    assert starts(server)[1]
    assert "bytes came in" in report.text


@pytest.mark.parametrize("difference", [-1, 1, -3_000_001])
def test_a_wrong_length_is_refused_at_once(
    start_server: StartServer, fetch_from: Fetch, content: bytes, store: Path, difference: int
) -> None:
    server = start_server(then=serve(content, length=len(content) + difference))
    with pytest.raises(NetworkError, match="bytes instead of 3000001"):
        fetch_from(server)
    assert len(server.requests) == 1
    assert_nothing(store)


def test_a_body_that_is_longer_than_it_says(
    start_server: StartServer, fetch_from: Fetch, content: bytes
) -> None:
    server = start_server(then=serve(content + b"more", length=len(content)))
    assert_right(fetch_from(server), content)


def test_a_body_that_is_shorter_than_it_says(
    start_server: StartServer, fetch_from: Fetch, content: bytes, store: Path
) -> None:
    server = start_server(then=serve(content[:-7], ranges=False, length=len(content)))
    with pytest.raises(NetworkError, match="the connection ended after 2999994 of 3000001"):
        fetch_from(server)
    assert_resumable(store, content)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_a_length(
    start_server: StartServer, fetch_from: Fetch, content: bytes, chunked: bool
) -> None:
    server = start_server(then=serve(content, length=-1, chunked=chunked))
    assert_right(fetch_from(server), content)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "it does not answer as a web server: SSH"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"), "headers"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70000 + b"\r\n\r\n"), "header line"),
        (raw(b""), "closed connection without response"),
        (status(206, body=b"?" * 10), "it answers 206"),
        (status(204, body=b""), "it answers 204"),
        (status(200, [("Content-Encoding", "gzip")]), "encoding 'gzip'"),
        (status(200, [("Content-Type", "text/html; charset=utf-8")]), "a web page"),
        (raw(b"HTTP/1.1 403 \x1b[2J\r\n\r\n"), "it answers 403 Forbidden"),
        (raw(b"HTTP/1.1 302 x\r\nLocation: http://[::1\r\n\r\n"), "cannot fetch"),
    ],
)
def test_nonsense_is_one_clear_line(
    start_server: StartServer, fetch_from: Fetch, store: Path, answer: Answer, message: str
) -> None:
    with pytest.raises(NetworkError, match=message) as caught:
        fetch_from(start_server(then=answer))
    assert str(caught.value).isprintable()
    assert_nothing(store)


def test_a_host_that_vanishes_in_the_middle_is_waited_for(
    tmp_path: Path, content: bytes, policy: DownloadPolicy, report: RecordingReport
) -> None:
    """After the first answer, a server that restarts gets all attempts, not the few."""
    first = FaultServer(then=serve(content, stop_after=1_000_000))
    with first.running():
        model = model_of(content, first.address)
        port = first.port
        directory = tmp_path / "store"
        failed: list[BaseException] = []
        patient = dataclasses.replace(policy, attempts=50, backoff=0.02, backoff_limit=0.05)

        def work() -> None:
            try:
                fetch(model, directory=directory, policy=patient, report=report)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=work)
        first.script.append(serve(content, stop_after=1_000_000))
        thread.start()
        while not first.requests:
            time.sleep(0.005)
    deadline = time.monotonic() + 10
    while "Connection refused" not in report.text and time.monotonic() < deadline:
        time.sleep(0.01)
    second = FaultServer(then=serve(content), wanted_port=port)
    with second.running():
        thread.join(20)
    assert not failed
    assert (directory / "test.pt").read_bytes() == content
    assert second.requests[0].start
