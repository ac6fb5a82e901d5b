from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from desktops import Desktop, desktop, lacking

from transcriber.errors import DesktopError
from transcriber.x11.connection import Connection, connect

needs_server = pytest.mark.skipif(bool(lacking("Xvfb")), reason=lacking("Xvfb"))


@contextmanager
def stand_in(monkeypatch: pytest.MonkeyPatch, *answers: bytes) -> Iterator[None]:
    """Play a server that says `answers`, each after something was received, and hangs up."""

    def serve() -> None:
        connected, _ = server.accept()
        with connected:
            for answer in answers:
                connected.recv(65536)
                connected.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setenv("DISPLAY", f"127.0.0.1:{port - 6000}")
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join()


def refusal(text: bytes) -> bytes:
    text += bytes(-len(text) % 4)
    return struct.pack("<BBHHH", 0, len(text), 11, 0, len(text) // 4) + text


def test_the_server_has_numbers_for_names(x_server: Desktop) -> None:
    with connect() as one, connect() as other:
        assert one.atom("WM_NAME") == 39
        assert one.atom("of ours") == other.atom("of ours") > 68
        assert one.extension("XTEST") >= 128
        assert one.extension("of ours") == 0


def test_a_refused_request_is_told_where_it_is_waited_for(x_server: Desktop) -> None:
    with connect() as connection:
        with pytest.raises(DesktopError, match="refuses request 14: error 9"):
            connection.ask(14, 0, struct.pack("<I", 1))
        # What nobody waits for is told together, once, and the answers are none the worse for it.
        connection.send(8, 0, struct.pack("<I", 1))
        connection.send(4, 0, struct.pack("<I", 1))
        assert connection.failures() == [3, 3]
        assert connection.failures() == []
        assert connection.atom("WM_NAME") == 39


def test_events_are_kept_while_an_answer_is_waited_for(x_server: Desktop) -> None:
    with connect() as connection:
        window = connection.make_window(1 << 22)
        connection.change_property(window, 39, 31, b"abc")
        assert connection.failures() == []
        assert len(connection.unread()) == 32
        assert [event[0] for event in connection.events()] == [28]
        assert list(connection.events()) == []


def test_more_requests_than_a_number_of_two_bytes_are_told_apart(x_server: Desktop) -> None:
    with connect() as connection:
        for _ in range(65536):
            # NoOperation
            connection.send(127)
        assert connection.atom("WM_NAME") == 39
        assert connection.sequence > 65536


@needs_server
def test_the_cookie_lets_us_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with desktop() as session:
        session.start_x_server(cookie=b"0123456789abcdef")
        monkeypatch.setenv("DISPLAY", session.environment["DISPLAY"])
        monkeypatch.setenv("XAUTHORITY", session.environment["XAUTHORITY"])
        connect().close()
        monkeypatch.setenv("XAUTHORITY", "/nowhere")
        with pytest.raises(DesktopError, match=r"let this program in: .*XAUTHORITY") as told:
            connect()
        assert "uthorization" in str(told.value)


@needs_server
def test_a_server_that_ends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with desktop() as session:
        monkeypatch.setenv("DISPLAY", session.start_x_server())
        monkeypatch.delenv("XAUTHORITY", raising=False)
        with connect() as connection:
            session.close()
            with pytest.raises(DesktopError, match="does not answer"):
                connection.atom("WM_NAME")
            with pytest.raises(DesktopError, match="does not answer"):
                list(connection.events(1.0))


def test_no_server_is_told_with_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":64999")
    with pytest.raises(DesktopError, match=r"no X server answers at :64999: .*is DISPLAY"):
        connect()


def test_what_the_server_says_against_us_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = refusal(b"Maximum number of clients reached")
    with (
        stand_in(monkeypatch, answer),
        pytest.raises(DesktopError, match="Maximum number of clients reached: is DISPLAY"),
    ):
        connect()


@pytest.mark.parametrize("vendor", [b"", b"X", b"Some vendor", b"A dozen long"])
def test_the_screen_is_found_behind_whatever_the_vendor_is_called(vendor: bytes) -> None:
    fixed = struct.pack(
        "<IIIIHHBBBBBBBB4x", 0, 0x200000, 0, 0, len(vendor), 64, 1, 2, *[0] * 4, 9, 99
    )
    body = fixed + vendor + bytes(-len(vendor) % 4) + bytes(8 * 2) + struct.pack("<I", 0x1234)
    ours, server = socket.socketpair()
    with Connection(ours) as connection, server:
        server.sendall(struct.pack("<BxHHH", 1, 11, 0, len(body) // 4) + body)
        connection.greet(b"")
    assert connection.root == 0x1234
    assert connection.key_range == (9, 99)
    assert connection.longest == 256


def test_a_server_that_hangs_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        stand_in(monkeypatch, b"\1"),
        pytest.raises(DesktopError, match="has closed the connection"),
    ):
        connect()


def test_a_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transcriber.x11.connection._PATIENCE", 0.3)
    ours, other = socket.socketpair()
    with ours, other, Connection(ours) as connection:
        begin = time.monotonic()
        with pytest.raises(DesktopError, match="timed out"):
            connection.atom("WM_NAME")
        assert time.monotonic() - begin < 3
