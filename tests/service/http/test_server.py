"""Many connections, few threads, and an orderly end."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import child
import pytest

from service.http.serving import (
    hello,
    open_files,
    opened,
    read_all,
    read_until,
    resident_bytes,
    serving,
    statuses,
    until,
)
from transcriber.service.http.gate import Access
from transcriber.service.http.limits import Limits
from transcriber.service.http.listeners import (
    address_of,
    inherited_listeners,
    open_listener,
    open_unix_listener,
)
from transcriber.service.http.request import Request
from transcriber.service.http.response import (
    Event,
    Response,
    event_stream,
    file_response,
    text_response,
)
from transcriber.service.http.routes import Route
from transcriber.service.http.workers import resting


class Gated:
    """A handler that answers when it is let."""

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.open = threading.Event()

    def __call__(self, request: Request) -> Response:
        self.entered.append(request.path)
        assert self.open.wait(10)
        return text_response(request.path)


def test_a_thousand_idle_connections_take_no_threads_and_little_memory() -> None:
    with serving(opened(hello)) as running, contextlib.ExitStack() as stack:
        running.ask("/")
        threads, memory = threading.active_count(), resident_bytes()
        clients = [stack.enter_context(running.connect()) for _ in range(999)]
        for client in clients:
            client.sendall(running.head("GET", "/"))
        for client in clients:
            assert read_until(client, b"hello")
        assert threading.active_count() <= threads + Limits().threads
        # Both ends are in this process.
        assert resident_bytes() - memory < 24 << 20
        assert running.ask("/").status == 200


def test_a_thousand_clients_leave_nothing_behind() -> None:
    files, threads = open_files(), threading.active_count()
    with serving(opened(hello)) as running:
        for _ in range(1000):
            with running.connect() as client:
                client.sendall(running.head("GET", "/"))
                client.recv(1)
        assert until(lambda: open_files() <= files + 4)
    assert until(lambda: open_files() <= files)
    assert until(lambda: threading.active_count() <= threads)


def test_requests_after_each_other_share_a_thread() -> None:
    with serving(opened(hello)) as running:
        threads = threading.active_count()
        for _ in range(50):
            running.ask("/")
        # Some may still be at the end of their work when the next request comes.
        assert threading.active_count() <= threads + 10


def test_the_oldest_idle_connection_makes_room() -> None:
    with (
        serving(opened(hello), limits=Limits(connections=2)) as running,
        running.connect() as first,
        running.connect() as second,
    ):
        for client in (first, second):
            client.sendall(running.head("GET", "/"))
            read_until(client, b"hello")
        with running.connect() as third:
            third.sendall(running.head("GET", "/"))
            read_until(third, b"hello")
            assert first.recv(1) == b""
            second.sendall(running.head("GET", "/"))
            assert read_until(second, b"hello")


def test_one_too_many_is_told_to_come_back() -> None:
    gated = Gated()
    with (
        serving(opened(gated), limits=Limits(connections=1)) as running,
        running.connect() as first,
    ):
        first.sendall(running.head("GET", "/"))
        assert until(lambda: gated.entered == ["/"])
        content = running.raw(running.head("GET", "/"))
        assert statuses(content) == [503]
        assert b"\r\nRetry-After: 5\r\n" in content
        gated.open.set()
        assert statuses(read_until(first, b"\r\n\r\n/")) == [200]
        # It is idle a moment after its answer has come.
        assert until(lambda: running.ask("/").status == 200)


def test_requests_wait_for_a_thread_in_their_order() -> None:
    gated = Gated()
    routes = opened(gated, pattern="/{number}")
    with serving(routes, limits=Limits(threads=1)) as running, contextlib.ExitStack() as stack:
        clients = []
        for number in range(6):
            client = stack.enter_context(running.connect())
            client.sendall(running.head("GET", f"/{number}", "Connection: close"))
            clients.append(client)
            time.sleep(0.02)
        assert gated.entered == ["/0"]
        gated.open.set()
        for number, client in enumerate(clients):
            assert read_all(client).endswith(b"/%d" % number)
        assert gated.entered == [f"/{number}" for number in range(6)]


def test_pipelined_requests_let_others_go_first() -> None:
    gated = Gated()
    routes = opened(gated, pattern="/{name}")
    with (
        serving(routes, limits=Limits(threads=1)) as running,
        running.connect() as greedy,
        running.connect() as modest,
    ):
        greedy.sendall(running.head("GET", "/greedy") * 3)
        assert until(lambda: gated.entered == ["/greedy"])
        modest.sendall(running.head("GET", "/modest"))
        time.sleep(0.05)
        gated.open.set()
        read_until(modest, b"/modest")
        assert until(lambda: len(gated.entered) == 4)
        assert gated.entered == ["/greedy", "/modest", "/greedy", "/greedy"]


def test_slow_heads_take_no_threads() -> None:
    limits = Limits(threads=1, head_seconds=5)
    with serving(opened(hello), limits=limits) as running, contextlib.ExitStack() as stack:
        for _ in range(50):
            stack.enter_context(running.connect()).sendall(b"GET / HTTP/1.1\r\nX: ")
        assert running.ask("/").status == 200


def test_an_event_stream_is_closed_when_its_client_has_left() -> None:
    closed = threading.Event()

    def events(_: Request) -> Response:
        def quiet() -> Iterator[Event | None]:
            try:
                yield Event("first", "1")
                while True:
                    time.sleep(0.1)
                    yield None
            finally:
                closed.set()

        return event_stream(quiet())

    with serving(opened(events)) as running:
        with running.connect() as client:
            client.sendall(running.head("GET", "/"))
            assert b"event: first\ndata: 1\n\n" in read_until(client, b"\n\n\r\n")
            assert not closed.is_set()
        assert closed.wait(2)


def test_stop_lets_answers_end_and_ends_streams() -> None:
    gated, closed = Gated(), threading.Event()

    def ticks(_: Request) -> Response:
        def quiet() -> Iterator[Event | None]:
            try:
                while True:
                    time.sleep(0.05)
                    yield None
            finally:
                closed.set()

        return event_stream(quiet())

    routes = [*opened(gated, pattern="/gated"), *opened(ticks, pattern="/ticks")]
    with (
        serving(routes) as running,
        running.connect() as waiting,
        running.connect() as idle,
        running.connect() as stream,
    ):
        waiting.sendall(running.head("GET", "/gated"))
        stream.sendall(running.head("GET", "/ticks"))
        read_until(stream, b"\r\n\r\n")
        assert until(lambda: gated.entered == ["/gated"])
        running.server.stop(5)
        assert idle.recv(1) == b""
        # Its end is marked, so that the browser knows that nothing was lost.
        assert read_all(stream).endswith(b"0\r\n\r\n")
        assert closed.wait(1)
        with pytest.raises(ConnectionRefusedError):
            running.connect()
        gated.open.set()
        content = read_all(waiting)
        assert statuses(content) == [200]
        assert b"Connection: close" in content


@pytest.mark.parametrize("grace", [0.1, 60])
def test_stop_cuts_what_takes_longer_than_its_grace(grace: float) -> None:
    def endless(_: Request) -> Response:
        def pieces() -> Iterator[bytes]:
            while True:
                yield b"x" * 100_000

        return Response(200, (), pieces())

    with serving(opened(endless)) as running, running.connect() as client:
        client.sendall(running.head("GET", "/"))
        client.recv(1)
        started = time.monotonic()
        running.server.stop(grace)
        time.sleep(0.1)
        # Somebody presses Ctrl-C once more.
        running.server.stop(0.1)
        with contextlib.suppress(ConnectionResetError):
            read_all(client)
        assert 0.1 < time.monotonic() - started < 2


def test_what_outlives_its_server_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transcriber.service.http.server._LAST_SECONDS", 0.1)
    gated, files = Gated(), open_files()
    with serving(opened(gated)) as running, running.connect() as client:
        client.sendall(running.head("GET", "/"))
        assert until(lambda: gated.entered == ["/"])
        running.server.stop(0)
        assert client.recv(1) == b""
    assert until(lambda: open_files() <= files + 1)
    gated.open.set()
    assert until(lambda: open_files() <= files)


def test_those_that_never_close_their_side_are_closed_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("transcriber.service.http.server._LINGERING", 3)
    with serving(opened(hello)) as running, contextlib.ExitStack() as stack:
        before = open_files()
        for _ in range(20):
            client = stack.enter_context(running.connect())
            client.sendall(running.head("GET", "/", "Connection: close"))
            assert read_all(client).endswith(b"hello")
        # Twenty are ours.
        assert open_files() <= before + 20 + 5
        limit = Limits().linger_seconds + 1
        assert until(lambda: open_files() == before + 20, limit)


def test_a_defect_of_the_parser_costs_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise AssertionError("a state that cannot be")

    with serving(opened(hello)) as running:
        with monkeypatch.context() as patch:
            patch.setattr("transcriber.service.http.connection.Connection.feed", fail)
            with pytest.raises(ConnectionResetError):
                running.raw(running.head("GET", "/"))
        assert running.ask("/").status == 200
        assert any("a state that cannot be" in line for line in running.lines)


def test_stop_before_the_start_is_a_stop() -> None:
    with serving(opened(hello)) as running:
        running.server.stop(0)
        running.server.stop(0)


def test_a_thread_outlives_a_handler_that_exits() -> None:
    def leave(_: Request) -> Response:
        raise SystemExit

    routes = [*opened(hello), *opened(leave, pattern="/exit")]
    with serving(routes, limits=Limits(threads=1)) as running:
        assert running.raw(running.head("GET", "/exit")) == b""
        assert running.ask("/").status == 200
        assert any("SystemExit" in line for line in running.lines)


def test_a_handler_alone_gets_every_path() -> None:
    with serving(lambda request: text_response(request.method + request.path)) as running:
        assert running.ask("/any", "DELETE").body == b"DELETE/any"


def test_no_room_for_further_files_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(socket.socket):
        failures = 1

        def accept(self) -> tuple[socket.socket, object]:
            if Full.failures:
                Full.failures -= 1
                raise OSError(24, "Too many open files")
            return super().accept()

    original = open_listener("127.0.0.1", 0)
    full = Full(fileno=original.detach())
    monkeypatch.setattr("transcriber.service.http.doors.PAUSE_SECONDS", 0.1)
    with serving(opened(hello), listeners=[full]) as running:
        host, port = full.getsockname()
        with socket.create_connection((host, port), timeout=5) as client:
            client.sendall(running.head("GET", "/"))
            assert statuses(read_until(client, b"hello")) == [200]
        assert any("Too many open files" in line for line in running.lines)


def test_listens_at_ipv6_and_unix_sockets(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    unix = open_unix_listener(path)
    listeners = [unix]
    with contextlib.suppress(OSError):
        listeners.append(open_listener("::1", 0))
    who = opened(lambda request: text_response(f"<{request.client}>"))
    with serving(who, listeners=listeners) as running:
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.1\r\nHost: any\r\n\r\n")
            assert read_until(client, b">").endswith(b"<local>")
        for listener in listeners[1:]:
            with socket.create_connection(listener.getsockname()[:2], timeout=5) as client:
                client.sendall(running.head("GET", "/"))
                assert read_until(client, b">").endswith(b"<::1>")
        with pytest.raises(OSError, match="in use"):
            open_unix_listener(path)
    # What a killed server leaves is replaced.
    open_unix_listener(path).close()
    path.unlink()
    path.write_text("mine")
    with pytest.raises(OSError, match="in use"):
        open_unix_listener(path)
    assert path.read_text() == "mine"


def test_addresses_are_shown_as_clients_write_them(tmp_path: Path) -> None:
    listener = open_listener("127.0.0.1", 0)
    with listener, open_unix_listener(tmp_path / "s") as unix:
        assert address_of(listener) == f"127.0.0.1:{listener.getsockname()[1]}"
        assert address_of(unix) == str(tmp_path / "s")
        with pytest.raises(OSError, match="in use"):
            open_listener(*listener.getsockname())


def test_takes_over_the_listeners_of_systemd() -> None:
    script = (
        "import os, sys\n"
        "os.dup2(int(sys.argv[1]), 3)\n"
        "os.environ['LISTEN_PID'] = str(os.getpid())\n"
        "from transcriber.service.http.listeners import address_of, inherited_listeners\n"
        "found = inherited_listeners()\n"
        "print([address_of(each) for each in found], 'LISTEN_FDS' in os.environ)\n"
        "print(os.get_inheritable(3), inherited_listeners())\n"
    )
    with open_listener("127.0.0.1", 0) as listener:
        done = subprocess.run(
            [sys.executable, "-c", script, str(listener.fileno())],
            env={**os.environ, "LISTEN_FDS": "1"},
            pass_fds=[listener.fileno()],
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == f"['{address_of(listener)}'] False\nFalse []\n"


def test_listeners_of_another_process_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert inherited_listeners() == []
    assert "LISTEN_FDS" not in os.environ


def test_importing_the_server_loads_nothing_heavy() -> None:
    script = "import sys, transcriber.service.http.server; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    heavy = {"asyncio", "email", "http.client", "http.server", "logging", "socketserver", "ssl"}
    assert not heavy & set(done.stdout.split())


def test_every_route_has_its_access() -> None:
    with serving([Route("GET", "/", hello, Access.PAGE)]) as running:
        assert running.ask("/").status == 403


def waits_for(until_open: threading.Event) -> Callable[[Request], Response]:
    def handler(_: Request) -> Response:
        with resting():
            assert until_open.wait(20)
        return text_response("at last")

    return handler


def test_those_that_wait_keep_nobody_from_being_answered() -> None:
    count = 200
    opening, limits = threading.Event(), Limits(threads=2)
    routes = [*opened(hello), *opened(waits_for(opening), pattern="/wait")]
    with serving(routes, limits=limits) as running, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(running.connect()) for _ in range(count)]
        for client in clients:
            client.sendall(running.head("GET", "/wait"))
        started = time.monotonic()
        assert running.ask("/").status == 200
        assert time.monotonic() - started < 2
        opening.set()
        for client in clients:
            read_until(client, b"at last")
        # Each has had its thread, and those that are too many go.
        workers = running.server._workers
        assert until(lambda: workers._threads <= limits.threads)
        assert workers._resting == 0
        assert running.ask("/").status == 200


def trickle(clients: Sequence[socket.socket], stop: threading.Event) -> None:
    while not stop.wait(0.1):
        for client in clients:
            with contextlib.suppress(OSError):
                client.sendall(b"x")


def test_slow_bodies_keep_nobody_from_being_answered() -> None:
    def read(request: Request) -> Response:
        return text_response(str(len(request.body.read(100))))

    routes = [*opened(hello), *opened(read, "POST", "/read")]
    with (
        serving(routes, limits=Limits(threads=2, body_seconds=2)) as running,
        contextlib.ExitStack() as stack,
    ):
        clients = [stack.enter_context(running.connect()) for _ in range(50)]
        for client in clients:
            client.sendall(running.head("POST", "/read", "Content-Length: 20"))
        stop = threading.Event()
        stack.callback(stop.set)
        threading.Thread(target=trickle, args=(clients, stop)).start()
        for _ in range(5):
            started = time.monotonic()
            assert running.ask("/").status == 200
            assert time.monotonic() - started < 1
        for client in clients:
            assert read_until(client, b"20").endswith(b"20")


@pytest.mark.parametrize("kind", ["pieces", "events", "file"])
def test_answers_that_nobody_reads_keep_nobody_from_being_answered(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "sound.wav"
    with path.open("wb") as stream:
        stream.truncate(64 << 20)
    ended: list[str] = []

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.append("pieces")

    def events() -> Iterator[Event]:
        try:
            while True:
                yield Event("segments", "x" * 100_000)
        finally:
            ended.append("events")

    def answer(request: Request) -> Response:
        if kind == "file":
            return file_response(path, request, "audio/wav")
        return Response(200, (), pieces()) if kind == "pieces" else event_stream(events())

    routes = [*opened(hello), *opened(answer, pattern="/long")]
    limits = Limits(threads=2, write_seconds=2)
    files = open_files()
    with serving(routes, limits=limits) as running, contextlib.ExitStack() as stack:
        before = resident_bytes()
        clients = [stack.enter_context(running.connect()) for _ in range(20)]
        for client in clients:
            client.sendall(running.head("GET", "/long", "Range: bytes=1000-"))
        # Two at a time, they would be through in twenty seconds.
        assert running.ask("/").status == 200
        for client in clients:
            assert client.recv(4) == b"HTTP"
        assert resident_bytes() - before < 30 << 20
        # They are cut, with all that they hold.
        assert until(lambda: not running.server._active, 10)
        assert ended == ([kind] * 20 if kind != "file" else [])
    assert until(lambda: open_files() <= files)


def test_a_socket_and_a_file_are_allowed_for_each_connection() -> None:
    script = (
        "import resource\n"
        "from transcriber.service.http.doors import allow_files\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (200, 5000))\n"
        "allow_files(2000)\n"
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (200, 3000))\n"
        "allow_files(2000)\n"
        "print(*resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    assert child.run(script).stdout.split() == ["4100", "5000", "3000", "3000"]
