"""Live text over WebSocket, by a program that decodes nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import wait_for
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

from service import live_program
from service.conftest import Service
from service.http.serving import Served, serving
from transcriber.service.api import live
from transcriber.service.http.gate import GateSettings, loopback_hosts
from transcriber.service.routes import service_routes

PATH = "/api/live"
TENTH = bytes(3200)


class Client:
    """A page that listens."""

    def __init__(self, served: Served, *headers: tuple[bytes, bytes]) -> None:
        self.socket = served.connect()
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.events: Iterator[ws.Event] = iter(())
        self.send(ws.Request(host=served.host, target=PATH, extra_headers=list(headers)))
        self.answer = self.next()

    def send(self, event: ws.Event) -> None:
        self.socket.sendall(self.protocol.send(event))

    def next(self) -> ws.Event:
        while True:
            for event in self.events:
                return event
            self.protocol.receive_data(self.socket.recv(65536) or None)
            self.events = self.protocol.events()

    def say(self, **content: Any) -> None:
        self.send(ws.TextMessage(data=json.dumps(content)))

    def sound(self, content: bytes) -> None:
        self.send(ws.BytesMessage(data=content))

    def hear(self, event: str) -> dict[str, Any]:
        """Return what is said next of this kind."""
        while True:
            found = self.next()
            assert isinstance(found, ws.TextMessage), found
            content: dict[str, Any] = json.loads(found.data)
            if content["event"] == event:
                return content
            assert content["event"] == "partial", content

    def error(self) -> str:
        message: str = self.hear("error")["message"]
        assert isinstance(self.next(), ws.CloseConnection)
        return message

    def close(self) -> None:
        self.socket.close()


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-SEI", str(Path(live_program.__file__))]
    monkeypatch.setattr(live, "own_command", lambda: command)


@contextlib.contextmanager
def listening(service: Service, **first: Any) -> Iterator[Client]:
    """Return a client that is listened to."""
    client = Client(service.served)
    with contextlib.closing(client):
        assert isinstance(client.answer, ws.AcceptConnection), client.answer
        client.say(**first)
        yield client


def programs() -> list[str]:
    """Return the programs that listen."""
    pids, found = [], []
    for children in Path("/proc/self/task").glob("*/children"):
        # A thread may end meanwhile.
        with contextlib.suppress(OSError):
            pids += children.read_text().split()
    for pid in pids:
        with contextlib.suppress(OSError):
            if "live_program" in Path(f"/proc/{pid}/cmdline").read_text():
                found.append(pid)
    return found


def test_sound_goes_in_and_text_comes_back(service: Service) -> None:
    with listening(service, options={"language": "de", "model": "tiny"}, long=True) as client:
        words = client.hear("ready")["words"]
        assert words[:6] == ["live", "--input", "-", "--events", "--pieces", "long"]
        assert {"--language=de", "--model=tiny", "--offline"} <= set(words)
        client.sound(TENTH)
        assert client.hear("partial")["text"] == "3200 bytes"
        # More than a pipe takes at once.
        client.sound(TENTH * 200)
        client.say(stop=True)
        assert client.hear("final")["text"] == "Grüße."
        assert client.hear("ended")["seconds"] == pytest.approx(20.1)
        closed = client.next()
        assert isinstance(closed, ws.CloseConnection)
        assert closed.code == 1000


def test_without_a_wish_nothing_is_added(service: Service) -> None:
    with listening(service) as client:
        words = client.hear("ready")["words"]
        assert words == ["live", "--input", "-", "--events", *service.context.words]


@pytest.mark.parametrize(
    ("first", "why"),
    [
        ({"options": {"output_dir": "/etc"}}, "no option 'output_dir'"),
        ({"options": {"model": "/etc/passwd"}}, "no model"),
        ({"options": {"beam_size": "many"}}, "beam_size"),
        ({"options": 7}, "options"),
        # The system starts no program with such a word.
        ({"options": {"initial_prompt": "a\0b"}}, "NUL character"),
        ({"options": {"initial_prompt": "ü" * 66_000}}, "more than 10,000 letters"),
    ],
)
def test_options_are_those_of_a_job(service: Service, first: dict[str, Any], why: str) -> None:
    with listening(service, **first) as client:
        assert why in client.error()
    assert not programs()


def test_what_is_no_object_is_refused(service: Service) -> None:
    for message in ("[1]", "{", "[" * 500_000):
        with contextlib.closing(Client(service.served)) as client:
            client.send(ws.TextMessage(data=message))
            assert "no object" in client.error()


def test_a_client_that_leaves_ends_the_program(service: Service) -> None:
    with listening(service) as client:
        client.hear("ready")
        assert len(programs()) == 1
    wait_for(lambda: not programs())


def test_a_program_that_does_not_end_is_ended(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_GRACE", 0.2)
    with listening(service) as client:
        client.sound(b"\3\0")
        client.hear("ready")
        client.hear("deaf")
    wait_for(lambda: not programs())


def test_sound_that_has_to_wait_is_told_and_ends_with_its_client(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_GRACE", 0.2)
    monkeypatch.setattr(live, "_TICK", 0.05)
    with listening(service) as client:
        client.sound(b"\3\0")
        client.hear("ready")
        client.hear("deaf")
        client.sound(TENTH * 100)
        client.hear("waiting")
        client.hear("waiting")
        assert len(programs()) == 1
    wait_for(lambda: not programs())


def test_the_last_words_of_the_program_are_told_and_logged(service: Service) -> None:
    with listening(service) as client:
        client.hear("ready")
        client.sound(b"\1\0")
        assert client.error() == "there is no such model: choose another"
    assert "/api/live: there is no such model: choose another" in service.queued.lines


def test_a_program_that_dies_without_a_word_is_told(service: Service) -> None:
    with listening(service) as client:
        client.hear("ready")
        client.sound(b"\2\0")
        # What comes for it later is of no use.
        time.sleep(0.1)
        with contextlib.suppress(OSError):
            client.sound(TENTH * 100)
        assert "died" in client.error()


def test_a_program_that_does_not_start_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "own_command", lambda: ["/nowhere/transcriber"])
    with listening(service) as client:
        assert "/nowhere/transcriber" in client.error()


def test_only_so_many_are_listened_to(service: Service) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(listening(service)).hear("ready")
        with contextlib.closing(Client(service.served)) as fifth:
            assert "4 others" in fifth.error()
    wait_for(lambda: not programs())
    with listening(service) as client:
        client.hear("ready")


def test_who_sends_nothing_is_sent_away(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_PATIENCE", 0.1)
    with contextlib.closing(Client(service.served)) as client:
        assert client.error() == "nothing was sent"


def test_the_door_is_that_of_all_addresses(service: Service) -> None:
    routes = service_routes(service.context)

    def keyed(port: int) -> GateSettings:
        return GateSettings(allowed_hosts=loopback_hosts(port), api_keys=("secret",))

    with serving(routes, settings=keyed) as served:
        for headers, status in (
            ((), 401),
            (((b"Authorization", b"Bearer secret"),), None),
            (((b"Authorization", b"Bearer secret"), (b"Origin", b"http://evil.example")), 403),
        ):
            with contextlib.closing(Client(served, *headers)) as client:
                if status is None:
                    assert isinstance(client.answer, ws.AcceptConnection)
                else:
                    assert isinstance(client.answer, ws.RejectConnection)
                    assert client.answer.status_code == status
