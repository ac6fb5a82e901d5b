"""Answers: files with their parts, events, JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.http.serving import Served, open_files, opened, serving, until
from transcriber import errors
from transcriber.errors import TranscriberError
from transcriber.service.http.errors import HttpError, http_error
from transcriber.service.http.ranges import Span, Unsatisfiable, requested_span
from transcriber.service.http.request import Body, Headers, Request
from transcriber.service.http.response import (
    PING_SECONDS,
    Event,
    Response,
    event_stream,
    file_response,
    json_response,
    no_content,
)

CONTENT = bytes(range(256)) * 4000


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ("bytes=0-0", Span(0, 0)),
        ("bytes=0-", Span(0, 99)),
        ("bytes=99-", Span(99, 99)),
        ("bytes=10-1000", Span(10, 99)),
        ("bytes=-1", Span(99, 99)),
        ("bytes=-1000", Span(0, 99)),
        ("Bytes= 1-2", Span(1, 2)),
        ("bytes=2-1", None),
        ("bytes=-", None),
        ("bytes=", None),
        ("bytes=a-b", None),
        ("bytes=0-1,5-6", None),
        ("bytes=1-2-3", None),
        ("bytes=²-", None),
        ("lines=0-1", None),
        ("bytes=" + "9" * 30 + "-", None),
    ],
)
def test_reads_a_range(value: str, span: Span | None) -> None:
    assert requested_span(value, 100) == span


@pytest.mark.parametrize(
    ("value", "size"),
    [("bytes=100-", 100), ("bytes=100-200", 100), ("bytes=-0", 100), ("bytes=0-", 0)],
)
def test_a_range_behind_the_end_has_no_bytes(value: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        requested_span(value, size)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("files")
    (folder / "content").write_bytes(CONTENT)
    (folder / "empty").write_bytes(b"")
    os.mkfifo(folder / "pipe")

    def give(request: Request) -> Response:
        name = request.parameters["name"]
        return file_response(folder / name, request, "audio/wav", cache="max-age=5")

    with serving(opened(give, pattern="/{name}")) as running:
        yield running


def test_gives_a_whole_file(stored: Served) -> None:
    answer = stored.ask("/content")
    assert (answer.status, answer.body) == (200, CONTENT)
    assert answer.headers["Content-Type"] == "audio/wav"
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "max-age=5"
    assert stored.ask("/empty").body == b""


def test_gives_a_part_of_a_file(stored: Served) -> None:
    answer = stored.ask("/content", Range="bytes=1000-300999")
    assert (answer.status, answer.body) == (206, CONTENT[1000:301_000])
    assert answer.headers["Content-Range"] == f"bytes 1000-300999/{len(CONTENT)}"
    assert stored.ask("/content", Range="bytes=-3").body == CONTENT[-3:]


def test_tells_the_size_when_the_range_is_behind_the_end(stored: Served) -> None:
    answer = stored.ask("/content", Range=f"bytes={len(CONTENT)}-")
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


def test_head_of_a_file_has_its_size_and_knows_no_range(stored: Served) -> None:
    answer = stored.ask("/content", "HEAD", Range="bytes=0-1")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("condition", "status"),
    [("{tag}", 206), ('"other"', 200), ("W/{tag}", 200), ("Mon, 02 Nov 2026 10:00:00 GMT", 200)],
)
def test_gives_a_part_of_the_same_file_only(stored: Served, condition: str, status: int) -> None:
    tag = stored.ask("/content", "HEAD").headers["ETag"]
    answer = stored.ask("/content", Range="bytes=0-1", If_Range=condition.replace("{tag}", tag))
    assert answer.status == status


@pytest.mark.parametrize(
    ("condition", "status"),
    [("{tag}", 304), ("W/{tag}", 304), ('"a", {tag}', 304), ("*", 304), ('"other"', 200)],
)
def test_does_not_send_what_the_browser_has(stored: Served, condition: str, status: int) -> None:
    tag = stored.ask("/content", "HEAD").headers["ETag"]
    answer = stored.ask("/content", If_None_Match=condition.replace("{tag}", tag))
    assert answer.status == status
    assert answer.headers["ETag"] == tag
    assert answer.body == (b"" if status == 304 else CONTENT)


def test_a_changed_file_has_another_tag(tmp_path: Path) -> None:
    path = tmp_path / "file"
    tags: set[str] = set()
    for content in ("one", "two", "three"):
        path.write_text(content)
        os.utime(path, ns=(len(tags), len(tags)))
        response = file_response(path, Request("GET", "/"), "text/plain")
        tags.add(response.header("ETag"))
        response.close()
    assert len(tags) == 3


@pytest.mark.parametrize("name", ["missing", "pipe", "x" * 300])
def test_there_is_no_such_file(stored: Served, name: str) -> None:
    assert stored.ask("/" + name).status == 404


def test_files_are_closed_whatever_is_asked(stored: Served) -> None:
    before = open_files()
    for method in ("GET", "HEAD"):
        for value in ("bytes=0-1", f"bytes={len(CONTENT)}-", "none"):
            stored.ask("/content", method, Range=value)
            stored.ask("/content", method, If_None_Match="*")
            stored.ask("/pipe", method)
    assert until(lambda: open_files() <= before)


def test_a_file_that_becomes_shorter_is_not_ended(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)

    def give(request: Request) -> Response:
        response = file_response(path, request, "audio/wav")
        os.truncate(path, 5)
        return response

    with serving(opened(give)) as running:
        content = running.raw(running.head("GET", "/"))
    assert f"Content-Length: {len(CONTENT)}".encode() in content
    assert content.endswith(b"\r\n\r\n" + CONTENT[:5])


def lines(response: Response) -> list[bytes]:
    assert not isinstance(response.body, bytes)
    return list(response.body)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (Event(None, "a"), b"data: a\n\n"),
        (Event("name", "a", "7"), b"event: name\nid: 7\ndata: a\n\n"),
        (Event(None, "a\nb\r\nc\rd"), b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (Event(None, "a\u2028b\x0bc"), "data: a\u2028b\x0bc\n\n".encode()),
        (Event(None, ""), b"data: \n\n"),
        (Event(None, "\ud800"), b"data: ?\n\n"),
    ],
)
def test_writes_an_event(event: Event, shown: bytes) -> None:
    assert lines(event_stream([event])) == [shown]


@pytest.mark.parametrize("word", ["a\nb", "a\rb", "a\0b"])
def test_an_event_has_no_lines_in_its_name(word: str) -> None:
    with pytest.raises(ValueError, match="line"):
        Event(word, "")
    with pytest.raises(ValueError, match="line"):
        Event(None, "", word)


def test_a_quiet_stream_shows_that_it_lives() -> None:
    now = 0.0

    def events() -> Iterator[Event | None]:
        nonlocal now
        for moment in (1.0, 5.0, PING_SECONDS, PING_SECONDS + 1, 2 * PING_SECONDS):
            now = moment
            yield None
        now += 1
        yield Event(None, "a")
        now += PING_SECONDS - 1
        yield None

    shown = lines(event_stream(events(), clock=lambda: now))
    assert shown == [b"", b"", b": ping\n\n", b"", b": ping\n\n", b"data: a\n\n", b""]


def test_closing_a_stream_closes_what_it_is_made_of() -> None:
    closed = []

    class Queue:
        def __iter__(self) -> Iterator[Event | None]:
            return iter([None])

        def close(self) -> None:
            closed.append(True)

    event_stream(Queue()).close()
    assert closed == [True]


@pytest.mark.parametrize(
    "header",
    [("A", "b\r\nC: d"), ("A", "b\nc"), ("A", "\0"), ("A", "\u20ac"), ("A b", "c"), ("", "c")],
)
def test_refuses_a_header_that_would_become_two(header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="no header"):
        Response(200, [header])


def test_json_is_utf_8_whatever_is_in_it() -> None:
    response = json_response({"a": "ä\ud800"}, 201, [("X-A", "b")])
    assert (response.status, response.header("x-a")) == (201, "b")
    assert isinstance(response.body, bytes)
    assert json.loads(response.body) == {"a": "ä\ud800"}
    assert no_content() == Response(204)


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (errors.UsageError, 400),
        (errors.InputError, 400),
        (errors.ModelError, 404),
        (errors.LimitError, 413),
        (errors.OutOfMemoryError, 503),
        (errors.EngineFailedError, 503),
        (errors.NetworkError, 502),
        (errors.SignatureError, 502),
        (errors.OfflineError, 503),
        (errors.StorageError, 507),
        (errors.DependencyError, 500),
        (errors.SomeInputsFailedError, 500),
        (TranscriberError, 500),
    ],
)
def test_a_failure_of_the_program_has_a_status(
    failure: Callable[[str, str], TranscriberError], status: int
) -> None:
    shown = http_error(failure("it broke", "mend it"))
    assert (shown.status, shown.message) == (status, "it broke: mend it")
    assert shown.kind == {404: "not_found_error"}.get(
        status, "server_error" if status >= 500 else "invalid_request_error"
    )


def test_headers_are_joined_and_have_no_case() -> None:
    headers = Headers([("Accept", "a"), ("ACCEPT", "b"), ("Cookie", "a=1"), ("cookie", "b=2")])
    assert headers["accept"] == headers.get("Accept") == "a, b"
    assert headers.get("COOKIE") == "a=1; b=2"
    assert headers.get("other", "c") == "c"
    assert "Accept" in headers
    assert len(headers) == 2


def test_a_body_has_its_limit() -> None:
    assert Body.of(b"abc").read(3) == b"abc"
    assert Body.of(b"abc").drain(3)
    assert not Body.of(b"abc").drain(2)
    pieces = iter([b"ab", b"cd"])
    for body in (Body.of(b"abcd"), Body(lambda: next(pieces, b""), None)):
        with pytest.raises(HttpError) as raised:
            body.read(3)
        assert raised.value.status == 413
