"""Conversations over WebSocket, with the client of wsproto and with bytes made by hand."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

from service.http.serving import Served, opened, read_until, serving, statuses, until
from transcriber.service.http.request import Request
from transcriber.service.http.response import Response, text_response
from transcriber.service.http.websocket import Upgrade, WebSocket
from transcriber.service.http.wire import Disconnected


class Client:
    """A well-behaved client."""

    def __init__(self, served: Served, **options: object) -> None:
        self.socket = served.connect()
        self.protocol = WSConnection(ConnectionType.CLIENT)
        request = ws.Request(host=served.host, target="/", **options)  # type: ignore[arg-type]
        self.send(request)
        self.events: Iterator[ws.Event] = iter(())
        self.accepted = self.next()

    def send(self, event: ws.Event) -> None:
        self.socket.sendall(self.protocol.send(event))

    def next(self) -> ws.Event:
        while True:
            for event in self.events:
                return event
            content = self.socket.recv(65536)
            self.protocol.receive_data(content or None)
            self.events = self.protocol.events()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def answering(
    conversation: Callable[[WebSocket], None], **options: object
) -> Callable[[Request], Upgrade]:
    return lambda _: Upgrade(conversation, **options)  # type: ignore[arg-type]


def echo(socket: WebSocket) -> None:
    while (message := socket.receive()) is not None:
        if isinstance(message, str):
            socket.send_text(message)
        else:
            socket.send_bytes(message)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(opened(answering(echo, message_bytes=1000, ping_seconds=0.2))) as running:
        yield running


def test_sends_back_what_comes(served: Served) -> None:
    with Client(served) as client:
        assert isinstance(client.accepted, ws.AcceptConnection)
        assert client.accepted.extensions == []
        client.send(ws.TextMessage(data="Grüße"))
        assert client.next() == ws.TextMessage(data="Grüße")
        client.send(ws.BytesMessage(data=b"\0\xff"))
        assert client.next() == ws.BytesMessage(data=b"\0\xff")
        client.send(ws.CloseConnection(code=1000, reason="done"))
        assert client.next() == ws.CloseConnection(code=1000, reason="done")
        assert client.socket.recv(1) == b""
    assert until(lambda: any(" GET / 101 " in line for line in served.lines))


def test_joins_fragments_even_with_a_ping_between(served: Served) -> None:
    with Client(served) as client:
        client.send(ws.TextMessage(data="a", message_finished=False))
        client.send(ws.Ping(payload=b"are you there"))
        client.send(ws.TextMessage(data="ä", message_finished=False))
        client.send(ws.TextMessage(data="c", message_finished=True))
        assert client.next() == ws.Pong(payload=b"are you there")
        assert client.next() == ws.TextMessage(data="aäc")


def frame(opcode: int, content: bytes, *, final: bool = True, masked: bool = True) -> bytes:
    """Return a frame; the mask is zero, so that the content is itself."""
    length = len(content)
    bit = 0x80 if masked else 0
    sizes = (
        bytes([bit | length]) if length < 126 else bytes([bit | 126]) + struct.pack("!H", length)
    )
    return (
        bytes([(0x80 if final else 0) | opcode]) + sizes + (bytes(4) if masked else b"") + content
    )


def shaken(served: Served, *headers: str) -> socket.socket:
    """Return a connection on which a browser has shaken hands."""
    client = served.connect()
    client.sendall(
        served.head(
            "GET",
            "/",
            "Connection: keep-alive, Upgrade",
            "Upgrade: websocket",
            f"Origin: http://{served.host}",
            "Sec-Fetch-Site: same-origin",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *headers,
        )
    )
    return client


def test_shakes_hands_with_a_browser(served: Served) -> None:
    with shaken(served) as client:
        head = read_until(client, b"\r\n\r\n")
        assert statuses(head) == [101]
        # The example of RFC 6455, 1.3.
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
        assert b"Extensions" not in head
        client.sendall(frame(1, b"hi"))
        assert client.recv(100) == b"\x81\x02hi"


def test_frames_behind_the_handshake_are_not_lost(served: Served) -> None:
    with served.connect() as client:
        head = served.head(
            "GET",
            "/",
            "Connection: Upgrade",
            "Upgrade: WebSocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
        client.sendall(head + frame(1, b"early"))
        read_until(client, b"\x81\x05early")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (frame(1, b"x" * 1001), 1009),
        (frame(1, b"x" * 600, final=False) + frame(0, b"x" * 600), 1009),
        (frame(1, b"\xff"), 1007),
        (frame(1, b"x", masked=False), 1002),
        (frame(0, b"x"), 1002),
        (frame(3, b"x"), 1002),
        (frame(9, b"x" * 126), 1002),
        (frame(8, struct.pack("!H", 1001)), 1001),
    ],
)
def test_ends_a_conversation_that_goes_wrong(served: Served, content: bytes, code: int) -> None:
    with shaken(served) as client:
        read_until(client, b"\r\n\r\n")
        client.sendall(content)
        answer = client.recv(100)
        assert answer[0] == 0x88
        assert struct.unpack("!H", answer[2:4]) == (code,)
        assert client.recv(100) == b""


def test_a_message_of_endless_fragments_ends(served: Served) -> None:
    with shaken(served) as client:
        read_until(client, b"\r\n\r\n")
        client.sendall(frame(2, b"x", final=False) + frame(0, b"y", final=False) * 1000)
        assert client.recv(4)[2:] == struct.pack("!H", 1009)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 426),
        (("Upgrade: h2c", "Connection: Upgrade"), 400),
        (("Upgrade: websocket",), 400),
        (("Upgrade: websocket", "Connection: Upgrade"), 400),
        (("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 12"), 426),
        (("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"), 400),
        (("Upgrade: websocket", "Connection: Upgrade", "Content-Length: 3"), 400),
        (("Upgrade: websocket", "Connection: Upgrade", "Origin: http://other"), 403),
    ],
)
def test_refuses_what_is_no_handshake(
    served: Served, headers: tuple[str, ...], status: int
) -> None:
    with served.connect() as client:
        client.sendall(served.head("GET", "/", *headers))
        assert statuses(read_until(client, b'"error"')) == [status]


def test_a_quiet_client_is_asked_whether_it_is_there(served: Served) -> None:
    with shaken(served) as client:
        read_until(client, b"\r\n\r\n")
        assert client.recv(2) == b"\x89\x00"
        client.sendall(frame(10, b""))
        started = time.monotonic()
        # It is asked again, and as it says nothing now, it is taken for gone.
        assert client.recv(2) == b"\x89\x00"
        assert client.recv(2) == b""
        assert time.monotonic() - started < 5


def test_agrees_on_what_both_speak() -> None:
    spoken: list[str | None] = []

    def note(socket: WebSocket) -> None:
        spoken.append(socket.subprotocol)

    with serving(opened(answering(note, subprotocols=("realtime", "b")))) as running:
        with Client(running, subprotocols=["a", "b", "realtime"]) as client:
            assert isinstance(client.accepted, ws.AcceptConnection)
            assert client.accepted.subprotocol == "b"
            assert client.next() == ws.CloseConnection(code=1000, reason="")
        with Client(running, subprotocols=["a"]) as client:
            assert isinstance(client.accepted, ws.AcceptConnection)
            assert client.accepted.subprotocol is None
    assert spoken == ["b", None]


def test_receive_waits_only_so_long() -> None:
    waited: list[float] = []

    def wait(socket: WebSocket) -> None:
        for seconds in (0.0, 0.1):
            started = time.monotonic()
            with pytest.raises(TimeoutError):
                socket.receive(seconds)
            waited.append(time.monotonic() - started)
        socket.send_text("done")
        assert socket.receive() is None
        assert socket.closed
        with pytest.raises(Disconnected):
            socket.send_text("too late")
        socket.close()
        waited.append(0)

    with serving(opened(answering(wait))) as running:
        with shaken(running) as client:
            read_until(client, b"\r\n\r\n")
            # Half a frame is no message.
            client.sendall(frame(1, b"abc")[:5])
            read_until(client, b"\x81\x04done")
        assert until(lambda: len(waited) == 3)
    assert waited[0] < 0.1 <= waited[1] < 0.5


def test_other_threads_may_send() -> None:
    def talk(socket: WebSocket) -> None:
        def count(start: int) -> None:
            for number in range(start, start + 100):
                socket.send_text(f"{number:04}" * 500)

        threads = [threading.Thread(target=count, args=(1000 * each,)) for each in range(4)]
        for thread in threads:
            thread.start()
        socket.receive()
        for thread in threads:
            thread.join()

    with serving(opened(answering(talk))) as running, Client(running) as client:
        numbers: set[str] = set()
        text = ""
        while len(numbers) < 400:
            event = client.next()
            assert isinstance(event, ws.TextMessage)
            text += event.data
            if event.message_finished:
                assert text == text[:4] * 500
                numbers.add(text[:4])
                text = ""
        client.send(ws.TextMessage(data="enough"))
        assert client.next() == ws.CloseConnection(code=1000, reason="")


def test_a_defect_ends_the_conversation_and_is_told_to_the_log() -> None:
    def fail(_: WebSocket) -> None:
        raise RuntimeError("secret")

    with serving(opened(answering(fail))) as running:
        with Client(running) as client:
            assert client.next() == ws.CloseConnection(code=1011, reason="the server has a defect")
        assert any("RuntimeError: secret" in line for line in running.lines)


def test_stop_says_goodbye(served: Served) -> None:
    with serving(opened(answering(echo))) as running, Client(running) as client:
        client.send(ws.TextMessage(data="a"))
        client.next()
        started = time.monotonic()
        running.server.stop(5)
        assert client.next() == ws.CloseConnection(code=1001, reason="the server stops")
        assert time.monotonic() - started < 2


def test_one_that_leaves_without_a_word_frees_its_thread() -> None:
    ended = threading.Event()

    def listen(socket: WebSocket) -> None:
        assert socket.receive() is None
        ended.set()

    def other(_: Request) -> Response:
        return text_response("")

    routes = [*opened(answering(listen)), *opened(other, pattern="/other")]
    with serving(routes) as running:
        with Client(running):
            pass
        assert ended.wait(2)
        assert running.ask("/other").status == 200
