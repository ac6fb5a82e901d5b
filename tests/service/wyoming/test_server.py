"""Home Assistant's satellites: what they ask, and what they are answered."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from service.conftest import Service
from transcriber.jobs.record import JobRecord
from transcriber.service.http.listeners import open_listener
from transcriber.service.wyoming import server, sound_file
from transcriber.service.wyoming.events import Event, encoded, read_event
from transcriber.service.wyoming.server import WyomingServer

SOUND = {"rate": 16000, "width": 2, "channels": 1}

CLIENT_VARIABLE = "TRANSCRIBER_WYOMING_PYTHON"
"""Names a Python with the package ``wyoming``."""


class Satellite:
    """A client."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.stream: IO[bytes] = self.socket.makefile("rb")

    def send(self, kind: str, payload: bytes = b"", /, **data: Any) -> None:
        self.socket.sendall(encoded(Event(kind=kind, data=data, payload=payload)))

    def speak(self, sound: bytes = b"\0\0" * 16000, **layout: int) -> None:
        self.send("audio-start", **{**SOUND, **layout})
        self.send("audio-chunk", sound, **{**SOUND, **layout})
        self.send("audio-stop")

    def hear(self) -> Event:
        event = read_event(self.stream)
        assert event is not None
        return event

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


@pytest.fixture
def port(service: Service) -> Iterator[int]:
    listener = open_listener("127.0.0.1", 0)
    running = WyomingServer(service.context, listener)
    yield listener.getsockname()[1]
    running.stop()


@pytest.fixture
def satellite(port: int) -> Iterator[Satellite]:
    found = Satellite(port)
    yield found
    found.close()


def test_it_says_what_it_is(satellite: Satellite) -> None:
    satellite.send("describe")
    info = satellite.hear()
    (program,) = info.data["asr"]
    assert info.kind == "info"
    assert program["installed"] is True
    models = {one["name"]: one["languages"] for one in program["models"]}
    assert len(models["small"]) == 100
    satellite.send("ping", text="a")
    assert satellite.hear() == Event(kind="pong", data={"text": "a"})


def test_what_is_said_is_answered(service: Service, satellite: Satellite) -> None:
    for _ in range(2):
        satellite.send("transcribe", language="de-DE", name="whisper-1", transcript_names=["Ada"])
        satellite.speak()
        assert satellite.hear() == Event(
            kind="transcript", data={"text": "Hello.", "language": "en"}
        )
    # Nothing of it is kept.
    assert service.folders == []
    assert service.queue.jobs() == []


def test_wishes_are_options_of_the_job(
    service: Service, satellite: Satellite, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, Any]] = []
    submit = service.queue.submit

    def noted(**wanted: Any) -> JobRecord:
        given.append(wanted)
        return submit(**wanted)

    monkeypatch.setattr(service.queue, "submit", noted)
    satellite.send(
        "transcribe", language="de", name="base", transcript_names=["Ada"], transcript_terms=["Öl"]
    )
    satellite.speak()
    satellite.hear()
    satellite.speak()
    satellite.hear()
    own = service.context.words
    assert given[0]["words"] == (*own, "--hotwords=Ada, Öl", "--language=de", "--model=base")
    # They are for one recording.
    assert given[1]["words"] == own


def test_the_file_is_a_wave_of_what_was_sent(tmp_path: Path) -> None:
    sound = sound_file.SoundFile(tmp_path, {"rate": 8000, "width": 1, "channels": 2})
    for piece in (b"ab", b"cdef"):
        sound.add(piece)
    sound.close()
    content = sound.path.read_bytes()
    assert content[44:] == b"abcdef"
    assert content[22:36] == (
        b"\x02\0" + (8000).to_bytes(4, "little") + (16000).to_bytes(4, "little") + b"\x02\0\x08\0"
    )
    assert content[4:8] == (42).to_bytes(4, "little")
    assert content[40:44] == (6).to_bytes(4, "little")
    assert sound.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("layout", "told"),
    [({"rate": 0}, "rate"), ({"width": 5}, "width"), ({"channels": True}, "channels")],
)
def test_sound_that_makes_no_sense(
    service: Service, satellite: Satellite, layout: dict[str, int], told: str
) -> None:
    satellite.send("audio-start", **{**SOUND, **layout})
    error = satellite.hear()
    assert error.kind == "error"
    assert told in error.data["text"]
    assert service.folders == []


def test_a_disk_without_room_is_told_once(
    service: Service, satellite: Satellite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(sound_file, "free_bytes", lambda _: 0)
        satellite.send("audio-start", **SOUND)
        error = satellite.hear()
    assert (error.kind, error.data["code"]) == ("error", "failed")
    for _ in range(3):
        satellite.send("audio-chunk", b"\0\0", **SOUND)
    satellite.send("audio-stop")
    satellite.speak()
    assert satellite.hear().kind == "transcript"
    assert service.folders == []


@pytest.mark.parametrize("wish", [{"language": "Klingon"}, {"language": 7}])
def test_a_wish_that_makes_no_sense_leaves_the_next_one(
    service: Service, satellite: Satellite, wish: dict[str, Any]
) -> None:
    satellite.send("transcribe", **wish)
    satellite.speak()
    error = satellite.hear()
    assert (error.kind, error.data["code"]) == ("error", "failed")
    satellite.speak()
    assert satellite.hear().kind == "transcript"
    assert service.folders == []


def test_what_is_unknown_is_left_alone(satellite: Satellite) -> None:
    satellite.send("select-program", name="x")
    satellite.send("audio-stop")
    satellite.send("ping")
    assert satellite.hear().kind == "pong"


def test_no_event_ends_the_connection_in_words(satellite: Satellite) -> None:
    satellite.socket.sendall(b"GET / HTTP/1.1\r\n\r\n")
    assert satellite.hear().data["code"] == "protocol"
    assert satellite.stream.read() == b""


def test_whoever_leaves_takes_the_work_along(service: Service, port: int) -> None:
    satellite = Satellite(port)
    satellite.send("audio-start", **SOUND)
    satellite.send("audio-chunk", b"\0\0" * 100, **SOUND)
    until(lambda: bool(service.folders))
    satellite.close()
    until(lambda: service.folders == [])


def test_a_disk_without_room_is_told(
    service: Service, satellite: Satellite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_file, "free_bytes", lambda _: 0)
    satellite.speak()
    assert "disk" in satellite.hear().data["text"]
    until(lambda: service.folders == [])


def test_there_are_not_too_many(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_MOST", 2)
    with contextlib.ExitStack() as stack:
        satellites = [stack.enter_context(contextlib.closing(Satellite(port))) for _ in range(3)]
        for one in satellites[:2]:
            one.send("ping")
            assert one.hear().kind == "pong"
        assert satellites[2].stream.read() == b""
    until(lambda: answers(port))


def test_the_end_closes_connections(service: Service) -> None:
    listener = open_listener("127.0.0.1", 0)
    running = WyomingServer(service.context, listener)
    satellite = Satellite(listener.getsockname()[1])
    satellite.send("ping")
    assert satellite.hear().kind == "pong"
    running.stop()
    assert satellite.stream.read() == b""
    satellite.close()


def test_the_protocols_own_client(port: int) -> None:
    python = os.environ.get(CLIENT_VARIABLE)
    if not python:
        pytest.skip(f"{CLIENT_VARIABLE} names no Python with the package wyoming")
    done = subprocess.run(
        [python, Path(__file__).with_name("client.py"), str(port)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "transcriber small Hello.\n"), done.stderr


def answers(port: int) -> bool:
    # Whoever is one too many may be told so by an end, or by a reset.
    gone = contextlib.suppress(AssertionError, OSError)
    with contextlib.closing(Satellite(port)) as satellite, gone:
        satellite.send("ping")
        return satellite.hear().kind == "pong"
    return False


def until(holds: Any) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
