"""Requests after each other on real sockets, and everything that clients do wrong."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from service.http.serving import (
    Served,
    hello,
    opened,
    read_all,
    read_until,
    serving,
    statuses,
    until,
)
from transcriber.errors import InputError
from transcriber.service.http.errors import HttpError
from transcriber.service.http.gate import Access
from transcriber.service.http.limits import Limits
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, json_response, text_response
from transcriber.service.http.routes import Route

QUICK = Limits(
    head_seconds=0.5,
    idle_seconds=0.5,
    body_seconds=0.4,
    write_seconds=0.5,
    linger_seconds=0.3,
    head_bytes=4096,
    target_bytes=1024,
    drain_bytes=10_000,
)


def echo(request: Request) -> Response:
    return text_response(f"{request.method} {request.path} {len(request.body.read(1 << 20))}")


def refuse(_: Request) -> Response:
    raise HttpError(418, "no", param="pot", code="short_and_stout")


def fail(_: Request) -> Response:
    raise RuntimeError("secret\nof the handler")


def unreadable(_: Request) -> Response:
    raise InputError("there is no sound in it", "send another one")


def inject(_: Request) -> Response:
    return Response(200, [("X-Name", "a\r\nSet-Cookie: b")])


def about(request: Request) -> Response:
    return json_response([request.path, request.query, request.headers.get("X-Two")])


def chunks(_: Request) -> Response:
    return Response(200, (), iter([b"one", b"two", b"x" * 100_000]))


def broken_chunks(_: Request) -> Response:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise RuntimeError("the disk went away")

    return Response(200, (), pieces())


ROUTES = [
    *opened(hello),
    *opened(echo, "POST", "/echo"),
    *opened(refuse, "POST", "/refuse"),
    *opened(fail, pattern="/fail"),
    *opened(unreadable, pattern="/unreadable"),
    *opened(inject, pattern="/inject"),
    *opened(about, pattern="/about/{rest...}"),
    *opened(chunks, pattern="/chunks"),
    *opened(broken_chunks, pattern="/broken"),
    Route("GET", "/a%b", hello, Access.OPEN),
]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(ROUTES, limits=QUICK) as running:
        yield running


def test_answers_requests_after_each_other_on_one_connection(served: Served) -> None:
    with served.connect() as client:
        for _ in range(3):
            client.sendall(served.head("GET", "/"))
            content = read_until(client, b"hello")
            assert content.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"Content-Length: 5\r\n" in content
            assert b"Date: " in content
            assert b"Connection: close" not in content


def test_answers_pipelined_requests_in_their_order(served: Served) -> None:
    posted = served.head("POST", "/echo", "Content-Length: 3") + b"abc"
    last = served.head("GET", "/nothing", "Connection: close")
    content = served.raw(served.head("GET", "/") + posted + last)
    assert statuses(content) == [200, 200, 404]
    assert content.index(b"hello") < content.index(b"POST /echo 3")


def test_closes_when_the_client_asks_for_it(served: Served) -> None:
    content = served.raw(served.head("GET", "/", "Connection: close"))
    assert statuses(content) == [200]
    assert b"Connection: close" in content


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.0\r\nHost: %s\r\n\r\n", 200),
        (b"GET / HTTP/1.0\r\n\r\n", 400),
        (b"GET http://%s/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", 200),
        (b"GET http://other/ HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", 400),
        (b"OPTIONS * HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", 204),
        (b"GET /%%ff HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", 400),
        (b"GET /%%00 HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", 400),
        (b"CONNECT other:443 HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", 400),
    ],
)
def test_understands_targets_and_versions(served: Served, head: bytes, status: int) -> None:
    host = served.host.encode()
    assert statuses(served.raw(head % ((host,) * head.count(b"%s")))) == [status]


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ((), 400),
        (("Host: {host}", "Host: {host}"), 400),
        (("Host: {host}", "Content-Length: 3", "Transfer-Encoding: chunked"), 400),
        (("Host: {host}", "Content-Length: 3", "Content-Length: 4"), 400),
        (("Host: {host}", "Content-Length: 3, 4"), 400),
        (("Host: {host}", "Content-Length: -3"), 400),
        (("Host: {host}", "Content-Length: +3"), 400),
        (("Host: {host}", "Content-Length: 0x3"), 400),
        (("Host: {host}", "Transfer-Encoding: gzip, chunked"), 501),
        (("Host: {host}", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"), 501),
        (("Host: {host}", "Transfer-Encoding : chunked"), 400),
        (("Host: {host}", "No colon"), 400),
        (("Host: {host}", "X: a\0b"), 400),
        (("Host: {host}", "X: " + "y" * 5000), 431),
        (("Host: {host}", *(f"X-{number}: y" for number in range(600))), 431),
    ],
)
def test_refuses_heads_that_could_smuggle(
    served: Served, lines: tuple[str, ...], status: int
) -> None:
    shown = "\r\n".join(line.replace("{host}", served.host) for line in lines)
    content = served.raw(f"POST /echo HTTP/1.1\r\n{shown}\r\n\r\n".encode() + b"abc")
    assert statuses(content) == [status]
    assert b'"error"' in content


def test_refuses_an_address_that_is_too_long(served: Served) -> None:
    assert statuses(served.raw(served.head("GET", "/" + "x" * 1100))) == [414]
    # Not even its line has an end.
    assert statuses(served.raw(b"GET /" + b"x" * 70_000)) == [414]


def test_refuses_what_is_no_http(served: Served) -> None:
    assert statuses(served.raw(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")) == [400]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"3\r\nabc\r\n0\r\n\r\n", 200),
        (b"3;name=value\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n", 200),
        (b"xyz\r\nabc\r\n0\r\n\r\n", 400),
        (b"-3\r\nabc\r\n0\r\n\r\n", 400),
        (b"3\r\nabcd\r\n0\r\n\r\n", 400),
        (b"fffffffffffffffffffffffff\r\nabc", 400),
    ],
)
def test_reads_chunked_bodies(served: Served, body: bytes, status: int) -> None:
    head = served.head("POST", "/echo", "Transfer-Encoding: chunked", "Connection: close")
    content = served.raw(head + body)
    assert statuses(content) == [status]
    if status == 200:
        assert content.endswith(b"POST /echo 3")


@pytest.mark.parametrize("framing", ["Content-Length: 10", "Transfer-Encoding: chunked"])
def test_tells_a_body_that_ends_early(served: Served, framing: str) -> None:
    content = served.raw(served.head("POST", "/echo", framing) + b"3\r\nabc", half_close=True)
    assert statuses(content) == [400]
    assert b"Connection: close" in content


def test_the_end_of_a_body_is_its_end_for_ever() -> None:
    def again(request: Request) -> Response:
        return json_response([request.body.read(9).decode(), request.body.read(9).decode()])

    with serving(opened(again, "POST")) as running:
        head = running.head("POST", "/", "Content-Length: 3", "Connection: close")
        started = time.monotonic()
        assert running.raw(head + b"abc").endswith(b'["abc",""]')
        assert time.monotonic() - started < 1


def test_waits_for_a_body_only_so_long(served: Served) -> None:
    started = time.monotonic()
    content = served.raw(served.head("POST", "/echo", "Content-Length: 10") + b"abc")
    assert statuses(content) == [408]
    assert time.monotonic() - started < 2


def test_a_slow_body_that_goes_on_is_read_to_its_end(served: Served) -> None:
    with served.connect() as client:
        client.sendall(served.head("POST", "/echo", "Content-Length: 4"))
        for letter in b"abcd":
            time.sleep(0.2)
            client.sendall(bytes([letter]))
        assert b"POST /echo 4" in read_until(client, b"echo 4")


def test_bytes_of_a_head_do_not_extend_its_time(served: Served) -> None:
    started = time.monotonic()
    with served.connect() as client:
        for byte in served.head("GET", "/"):
            try:
                client.sendall(bytes([byte]))
            except OSError:
                break
            client.settimeout(0.1)
            try:
                content = client.recv(1000)
            except TimeoutError:
                continue
            assert statuses(content) == [408]
            break
    assert 0.4 < time.monotonic() - started < 1.5


def test_an_idle_connection_is_closed_without_a_word(served: Served) -> None:
    with served.connect() as client:
        client.sendall(served.head("GET", "/"))
        read_until(client, b"hello")
        started = time.monotonic()
        assert client.recv(1) == b""
        assert 0.3 < time.monotonic() - started < 1.5


def test_sends_100_before_it_reads(served: Served) -> None:
    with served.connect() as client:
        head = served.head("POST", "/echo", "Content-Length: 3", "Expect: 100-continue")
        client.sendall(head)
        assert read_until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
        client.sendall(b"abc")
        assert b"POST /echo 3" in read_until(client, b"echo 3")
        client.sendall(served.head("GET", "/"))
        assert statuses(read_until(client, b"hello")) == [200]


def test_sends_no_100_when_it_refuses(served: Served) -> None:
    head = served.head("POST", "/refuse", "Content-Length: 3", "Expect: 100-continue")
    content = served.raw(head)
    assert statuses(content) == [418]
    assert b"Connection: close" in content


@pytest.mark.parametrize(("length", "kept"), [(100, True), (9_999, True), (10_001, False)])
def test_reads_a_little_of_a_body_that_nobody_wants(
    served: Served, length: int, kept: bool
) -> None:
    with served.connect() as client:
        client.sendall(served.head("POST", "/refuse", f"Content-Length: {length}"))
        client.sendall(b"x" * length)
        content = read_until(client, b"short_and_stout")
        assert (b"Connection: close" in content) is not kept
        if kept:
            client.sendall(served.head("GET", "/"))
            assert statuses(read_until(client, b"hello")) == [200]
        else:
            read_all(client)


def test_a_chunked_body_that_nobody_wants_ends_the_connection(served: Served) -> None:
    head = served.head("POST", "/refuse", "Transfer-Encoding: chunked")
    content = served.raw(head + b"4000\r\n" + b"x" * 0x4000 + b"\r\n0\r\n\r\n")
    assert statuses(content) == [418]


def test_an_upgrade_to_what_nobody_speaks_is_ignored(served: Served) -> None:
    with served.connect() as client:
        for _ in range(2):
            client.sendall(served.head("GET", "/", "Connection: Upgrade", "Upgrade: h2c"))
            assert statuses(read_until(client, b"hello")) == [200]


def test_shows_an_error_as_openai_does(served: Served) -> None:
    assert served.ask("/unreadable").body == (
        b'{"error":{"message":"there is no sound in it: send another one",'
        b'"type":"invalid_request_error","param":null,"code":"input_error"}}'
    )
    assert served.ask("/refuse", "POST").body == (
        b'{"error":{"message":"no","type":"invalid_request_error","param":"pot",'
        b'"code":"short_and_stout"}}'
    )
    plain = served.ask("/nothing", Accept="text/html,*/*")
    assert (plain.status, plain.body) == (404, b"there is nothing at this address\n")


def test_a_defect_is_told_to_the_log_and_not_to_the_client(served: Served) -> None:
    answer = served.ask("/fail?token=abc")
    assert answer.status == 500
    assert b"secret" not in answer.body
    line = next(line for line in served.lines if "secret" in line)
    assert "RuntimeError: secret\\nof the handler at " in line
    assert "\n" not in line
    assert "abc" not in "".join(served.lines)


def test_a_line_break_in_a_header_is_a_defect(served: Served) -> None:
    answer = served.ask("/inject")
    assert answer.status == 500
    assert "Set-Cookie" not in answer.headers


def test_handlers_see_path_query_and_headers(served: Served) -> None:
    content = served.raw(
        served.head(
            "GET", "/about/%C3%A4%2F?a=1&a=&b=%26", "x-two: 1", "X-TWO: 2", "Connection: close"
        )
    )
    # The last segment is empty, which no route has.
    assert statuses(content) == [404]
    answer = served.ask("/about/%C3%A4/b?a=1&a=&b=%26", X_Two="1")
    assert answer.body.decode() == '["/about/ä/b",{"a":["1",""],"b":["&"]},"1"]'


def test_head_has_the_headers_of_get_alone(served: Served) -> None:
    with served.connect() as client:
        for path in ("/", "/chunks"):
            client.sendall(served.head("HEAD", path))
            content = read_until(client, b"\r\n\r\n")
            assert statuses(content) == [200]
            assert content.endswith(b"\r\n\r\n")
        client.sendall(served.head("GET", "/"))
        assert read_until(client, b"hello").endswith(b"hello")


def test_a_body_of_pieces_is_chunked(served: Served) -> None:
    answer = served.ask("/chunks")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.body == b"onetwo" + b"x" * 100_000
    old = served.raw(f"GET /chunks HTTP/1.0\r\nHost: {served.host}\r\n\r\n".encode())
    assert old.endswith(b"onetwo" + b"x" * 100_000)


def test_a_body_that_fails_is_not_ended(served: Served) -> None:
    content = served.raw(served.head("GET", "/broken"))
    assert content.endswith(b"3\r\none\r\n")
    assert until(lambda: any("the disk went away" in line for line in served.lines))


def test_a_client_that_takes_nothing_is_dropped() -> None:
    ended = []

    def endless(_: Request) -> Response:
        def pieces() -> Iterator[bytes]:
            try:
                while True:
                    yield b"x" * 1_000_000
            finally:
                ended.append(time.monotonic())

        return Response(200, (), pieces())

    with serving(opened(endless), limits=QUICK) as running, running.connect() as client:
        client.sendall(running.head("GET", "/"))
        started = time.monotonic()
        assert until(lambda: bool(ended))
        assert ended[0] - started < 3


def test_the_log_has_a_line_for_each_request(served: Served) -> None:
    served.ask("/about/x?key=secret")
    assert until(lambda: any("/about/x" in line for line in served.lines))
    line = next(line for line in served.lines if "/about/x" in line)
    client, method, path, status, sent, milliseconds = line.split()
    assert (client, method, path, status) == ("127.0.0.1", "GET", "/about/x", "200")
    assert int(sent) == len('["/about/x",{"key":["secret"]},""]')
    assert 0 <= int(milliseconds) < 5000


def test_gone_tells_a_client_that_has_left() -> None:
    seen: list[bool] = []
    asked = threading.Event()

    def slow(request: Request) -> Response:
        while not seen or not seen[-1]:
            assert asked.wait(5)
            asked.clear()
            seen.append(request.gone())
        return text_response("")

    with serving(opened(slow, "POST")) as running:
        with running.connect() as client:
            client.sendall(running.head("POST", "/", "Content-Length: 9"))
            asked.set()
            assert until(lambda: seen == [False])
            # What is unread is no sign.
            client.sendall(b"unread")
            asked.set()
            assert until(lambda: seen == [False, False])
        asked.set()
        assert until(lambda: seen == [False, False, True])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 304])
def test_what_a_body_holds_is_let_go(method: str, status: int) -> None:
    class Body:
        closed = 0

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"a"])

        def close(self) -> None:
            Body.closed += 1

    with serving(opened(lambda _: Response(status, (), Body()))) as running:
        running.ask("/", method)
        assert until(lambda: Body.closed == 1)


def test_a_body_that_nobody_wants_is_not_waited_for_long(served: Served) -> None:
    with served.connect() as client:
        client.sendall(served.head("POST", "/refuse", "Content-Length: 9000"))
        read_until(client, b"short_and_stout")
        started = time.monotonic()
        client.settimeout(0.1)
        ended = False
        while not ended and time.monotonic() - started < 2:
            with contextlib.suppress(TimeoutError):
                client.sendall(b"x")
                ended = client.recv(1) == b""
        assert time.monotonic() - started < 1


def test_half_a_head_behind_a_request_has_its_time_as_well(served: Served) -> None:
    head = served.head("GET", "/")
    assert statuses(served.raw(head + head[:20])) == [200, 408]


def test_one_that_resets_its_connection_harms_nobody(served: Served) -> None:
    for _ in range(5):
        client = served.connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.sendall(served.head("GET", "/chunks"))
        client.close()
    assert served.ask("/").status == 200
