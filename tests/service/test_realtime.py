"""Live transcription, over processes that decode nothing and take what is loud for speech."""

from __future__ import annotations

import base64
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs.conftest import wait_for
from worker import loud
from wsproto import ConnectionType, WSConnection
from wsproto import events as ws

from service.conftest import Service
from service.http.serving import Served, resident_bytes, serving
from transcriber.jobs.record import JobRecord
from transcriber.service.http.errors import HttpError
from transcriber.service.http.gate import GateSettings, loopback_hosts
from transcriber.service.http.routes import Route
from transcriber.service.http.wire import Disconnected
from transcriber.service.openai import (
    realtime,
    realtime_answers,
    realtime_files,
    realtime_formats,
    realtime_sound,
    realtime_utterances,
)
from transcriber.service.openai.realtime import Realtime
from transcriber.service.openai.realtime_answers import Answers
from transcriber.service.openai.realtime_files import Heard
from transcriber.service.openai.realtime_session import RealtimeSession
from transcriber.service.openai.realtime_settings import first_settings
from transcriber.service.wyoming import sound_file
from transcriber.worker import ears
from transcriber.worker.ears import Ears

PATH = "/v1/realtime?intent=transcription"

FRAME = 1536
LOUD, QUIET = b"\xff\x20" * (FRAME // 2), bytes(FRAME)
SECOND = b"\x01\x02" * 24000

COMMITTED = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
SPOKEN = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]
TRANSCRIPTION = "conversation.item.input_audio_transcription"
ANSWERED = [f"{TRANSCRIPTION}.delta", f"{TRANSCRIPTION}.completed"]


class Client:
    """A client of the interface."""

    def __init__(self, served: Served, target: str = PATH, **options: Any) -> None:
        self.socket = served.connect()
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.events: Iterator[ws.Event] = iter(())
        self.send(ws.Request(host=served.host, target=target, **options))
        self.answer = self.next()

    def send(self, event: ws.Event) -> None:
        self.socket.sendall(self.protocol.send(event))

    def next(self) -> ws.Event:
        while True:
            for event in self.events:
                return event
            self.protocol.receive_data(self.socket.recv(65536) or None)
            self.events = self.protocol.events()

    def say(self, kind: str, **fields: Any) -> None:
        self.send(ws.TextMessage(data=json.dumps({"type": kind, **fields})))

    def set(self, **heard: Any) -> dict[str, Any]:
        """Change the session, and return what holds then."""
        session = {"type": "transcription", "audio": {"input": heard}}
        self.say("session.update", session=session)
        return self.hear("session.updated")["session"]["audio"]["input"]  # type: ignore[no-any-return]

    def append(self, sound: bytes) -> None:
        self.say("input_audio_buffer.append", audio=base64.b64encode(sound).decode())

    def commit(self) -> None:
        self.say("input_audio_buffer.commit")

    def hear(self, kind: str = "") -> dict[str, Any]:
        """Return the next event, which is one of this kind."""
        text = ""
        while True:
            event = self.next()
            assert isinstance(event, ws.TextMessage), event
            text += event.data
            if event.message_finished:
                break
        found: dict[str, Any] = json.loads(text)
        assert found["event_id"].startswith("event_")
        assert kind in ("", found["type"]), found
        return found

    def hear_all(self, *kinds: str) -> list[dict[str, Any]]:
        return [self.hear(kind) for kind in kinds]

    def error(self) -> dict[str, Any]:
        error: dict[str, Any] = self.hear("error")["error"]
        assert error["message"]
        return error

    def close(self) -> None:
        self.socket.close()


@pytest.fixture(autouse=True)
def _loud(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-SEI", str(Path(loud.__file__))]
    monkeypatch.setattr(ears, "hearing_command", lambda: command)


@contextlib.contextmanager
def connected(served: Served, target: str = PATH, **options: Any) -> Iterator[Client]:
    """Return a client that was let in."""
    client = Client(served, target, **options)
    with contextlib.closing(client):
        assert isinstance(client.answer, ws.AcceptConnection), client.answer
        client.created = client.hear()  # type: ignore[attr-defined]
        yield client


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    with connected(service.served) as found:
        yield found


@pytest.fixture
def committing(client: Client) -> Client:
    """Return a client that says itself what is a recording."""
    client.set(turn_detection=None)
    return client


def recording_of(service: Service) -> bytes:
    """Return the only recording that there is."""
    (folder,) = service.folders
    return (service.queue.folders.of(folder) / "recording.wav").read_bytes()


def test_what_is_committed_is_answered(service: Service, committing: Client) -> None:
    for before in (None, "the first"):
        committing.append(SECOND[:1000])
        committing.append(SECOND[1000:])
        committing.commit()
        committed, added, _ = committing.hear_all(*COMMITTED)
        assert bool(committed["previous_item_id"]) == bool(before)
        assert added["item"]["id"] == committed["item_id"]
        assert added["item"]["content"] == [{"type": "input_audio", "transcript": None}]
        delta, completed = committing.hear_all(*ANSWERED)
        assert delta["delta"] == completed["transcript"] == "Hello."
        assert completed["item_id"] == committed["item_id"]
        assert completed["content_index"] == 0
        assert completed["usage"] == {"type": "duration", "seconds": 1}
    # Nothing of it is kept.
    wait_for(lambda: service.folders == [])
    assert service.queue.jobs() == []


def test_the_recording_is_what_was_sent(service: Service, committing: Client) -> None:
    service.queue.pause_all(True)
    # Pieces need not be whole samples.
    committing.append(SECOND[:4801])
    committing.append(SECOND[4801:])
    committing.commit()
    committing.hear_all(*COMMITTED)
    content = recording_of(service)
    assert content[44:] == SECOND
    assert int.from_bytes(content[24:28], "little") == 24000
    assert int.from_bytes(content[40:44], "little") == len(SECOND)


def test_utterances_are_cut_at_pauses(service: Service, client: Client) -> None:
    heard = client.set(
        turn_detection={"type": "server_vad", "silence_duration_ms": 320, "prefix_padding_ms": 64}
    )
    assert heard["turn_detection"] == {
        **{"type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 64},
        "silence_duration_ms": 320,
    }
    service.queue.pause_all(True)
    sound = 10 * QUIET + 20 * LOUD + 30 * QUIET + LOUD + 30 * QUIET
    for at in range(0, len(sound), 1000):
        client.append(sound[at : at + 1000])
    started = client.hear("input_audio_buffer.speech_started")
    stopped = client.hear("input_audio_buffer.speech_stopped")
    committed, *_ = client.hear_all(*COMMITTED)
    assert started["audio_start_ms"] == 8 * 32
    assert stopped["audio_end_ms"] == 40 * 32
    assert started["item_id"] == stopped["item_id"] == committed["item_id"]
    assert recording_of(service)[44:] == 2 * QUIET + 20 * LOUD + 10 * QUIET
    service.queue.pause_all(False)
    client.hear_all(*ANSWERED)
    client.append(LOUD * 3 + 20 * QUIET)
    started = client.hear("input_audio_buffer.speech_started")
    assert started["audio_start_ms"] == (91 - 2) * 32
    client.hear_all("input_audio_buffer.speech_stopped", *COMMITTED)
    assert client.hear_all(*ANSWERED)[1]["item_id"] == started["item_id"]
    wait_for(lambda: service.folders == [])


def test_whoever_speaks_may_commit(service: Service, client: Client) -> None:
    service.queue.pause_all(True)
    client.append(5 * LOUD + b"\x05\x06")
    client.hear("input_audio_buffer.speech_started")
    client.commit()
    client.hear_all(*COMMITTED)
    assert recording_of(service)[44:] == 5 * LOUD + b"\x05\x06"
    # Nothing is left.
    client.commit()
    assert client.error()["code"] == "input_audio_buffer_commit_empty"
    client.append(5 * LOUD)
    client.hear("input_audio_buffer.speech_started")


def test_nothing_that_is_cleared_comes_back(service: Service, client: Client) -> None:
    service.queue.pause_all(True)
    client.append(3 * QUIET + b"\x05\x06" * 10)
    client.say("input_audio_buffer.clear")
    client.hear("input_audio_buffer.cleared")
    client.append(5 * LOUD)
    client.hear("input_audio_buffer.speech_started")
    client.commit()
    client.hear_all(*COMMITTED)
    assert recording_of(service)[44:] == 5 * LOUD


def test_times_are_those_of_all_that_was_sent(client: Client) -> None:
    client.set(turn_detection=None)
    client.append(SECOND)
    client.say("input_audio_buffer.clear")
    client.hear("input_audio_buffer.cleared")
    client.set(turn_detection={"prefix_padding_ms": 0})
    client.append(2 * QUIET + 5 * LOUD)
    assert client.hear("input_audio_buffer.speech_started")["audio_start_ms"] == 1064


def test_committing_keeps_the_process_that_hears(client: Client) -> None:
    client.append(5 * LOUD)
    client.hear("input_audio_buffer.speech_started")
    before = hearing()
    assert len(before) == 1
    client.commit()
    client.hear_all(*COMMITTED, *ANSWERED)
    client.say("input_audio_buffer.clear")
    client.hear("input_audio_buffer.cleared")
    client.set(turn_detection={"threshold": 0.9})
    assert hearing() == before
    client.set(turn_detection=None)
    wait_for(lambda: not hearing())


def hearing() -> list[str]:
    """Return the processes that hear."""
    children = Path("/proc/self/task").glob("*/children")
    pids = [pid for one in children for pid in one.read_text().split()]
    return [pid for pid in pids if "loud.py" in Path(f"/proc/{pid}/cmdline").read_text()]


class Deaf:
    """The socket of a client that takes some events, and is gone."""

    def __init__(self, *said: bytes, heard: int) -> None:
        sounds = [base64.b64encode(sound).decode() for sound in said]
        self._said = iter(
            json.dumps({"type": "input_audio_buffer.append", "audio": sound}) for sound in sounds
        )
        self._left = heard

    def receive(self) -> str | None:
        return next(self._said, None)

    def send_text(self, _: str) -> None:
        self._left -= 1
        if self._left < 0:
            raise Disconnected


@pytest.mark.parametrize("heard", range(7))
def test_nothing_stays_of_what_nobody_hears(service: Service, heard: int) -> None:
    service.queue.pause_all(True)
    socket: Any = Deaf(5 * LOUD + 30 * QUIET, heard=heard)
    with contextlib.suppress(Disconnected):
        RealtimeSession(
            service.context,
            Ears(),
            socket,
            client="a",
            settings=first_settings(""),
            is_older=False,
        ).run()
    assert service.queue.jobs() == []
    wait_for(lambda: service.folders == [])


def test_what_is_cleared_is_forgotten(service: Service, client: Client) -> None:
    client.append(5 * LOUD)
    client.hear("input_audio_buffer.speech_started")
    assert len(service.folders) == 1
    client.say("input_audio_buffer.clear")
    client.hear("input_audio_buffer.cleared")
    assert service.folders == []
    client.append(30 * QUIET)
    client.set(turn_detection=None)
    client.append(SECOND)
    client.say("input_audio_buffer.clear")
    client.hear("input_audio_buffer.cleared")
    client.commit()
    assert client.error()["code"] == "input_audio_buffer_commit_empty"
    assert service.folders == []


SAID: dict[str, tuple[str | bytes, str, str | None]] = {
    "not JSON": ("{", "invalid_json", None),
    "a list": ("[]", "invalid_json", None),
    "too deep": ("[" * 100_000, "invalid_json", None),
    "bytes": (b"\0", "invalid_json", None),
    "no type": ("{}", "invalid_value", "type"),
    "a type that is none": ('{"type": ["a"]}', "invalid_value", "type"),
    "another type": ('{"type": "response.create", "event_id": "mine"}', "invalid_value", "type"),
    "no sound": ('{"type": "input_audio_buffer.append"}', "invalid_value", "audio"),
    "a number": ('{"type": "input_audio_buffer.append", "audio": 1}', "invalid_value", "audio"),
    "no base64": (
        '{"type": "input_audio_buffer.append", "audio": "a b", "event_id": "mine"}',
        *("invalid_value", "audio"),
    ),
    "nothing to commit": (
        '{"type": "input_audio_buffer.commit", "event_id": "mine"}',
        *("input_audio_buffer_commit_empty", None),
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_what_makes_no_sense_is_told(committing: Client, name: str) -> None:
    said, code, param = SAID[name]
    message: ws.Event = (
        ws.TextMessage(data=said) if isinstance(said, str) else ws.BytesMessage(data=said)
    )
    committing.send(message)
    error = committing.error()
    assert (error["code"], error["param"]) == (code, param)
    assert error["type"] == "invalid_request_error"
    assert error["event_id"] == ("mine" if "mine" in str(said) else None)
    # The session goes on.
    committing.append(SECOND)
    committing.commit()
    committing.hear_all(*COMMITTED, *ANSWERED)


INPUT = "session.audio.input"

REFUSED: dict[str, tuple[Any, str]] = {
    "no object": ([], "session"),
    "a conversation": ({"type": "realtime"}, "session.type"),
    "audio": ({"audio": 1}, "session.audio"),
    "input": ({"audio": {"input": []}}, INPUT),
    "a format": ({"audio": {"input": {"format": {"type": "audio/mp3"}}}}, f"{INPUT}.format.type"),
    "a rate": (
        {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 44100}}}},
        f"{INPUT}.format.rate",
    ),
    "a list of formats": ({"audio": {"input": {"format": {"type": []}}}}, f"{INPUT}.format.type"),
    "a telephone's rate": (
        {"audio": {"input": {"format": {"type": "audio/pcmu", "rate": 16000}}}},
        f"{INPUT}.format.rate",
    ),
    "a language": ({"audio": {"input": {"transcription": {"language": "Klingon"}}}}, "language"),
    "a prompt": (
        {"audio": {"input": {"transcription": {"prompt": 1}}}},
        f"{INPUT}.transcription.prompt",
    ),
    "meaning": (
        {"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}},
        f"{INPUT}.turn_detection.type",
    ),
    "a threshold": (
        {"audio": {"input": {"turn_detection": {"threshold": 1.5}}}},
        f"{INPUT}.turn_detection.threshold",
    ),
    "a silence": (
        {"audio": {"input": {"turn_detection": {"silence_duration_ms": True}}}},
        f"{INPUT}.turn_detection.silence_duration_ms",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wish_that_makes_no_sense_changes_nothing(client: Client, name: str) -> None:
    session, param = REFUSED[name]
    before = client.set()
    client.say("session.update", session=session, event_id="mine")
    error = client.error()
    assert (error["param"], error["event_id"]) == (param, "mine")
    assert client.set() == before


def test_wishes_add_up(client: Client) -> None:
    client.set(transcription={"model": "whisper-1", "prompt": "Ada"})
    heard = client.set(transcription={"language": "de"}, turn_detection={"threshold": 0.7})
    assert heard["transcription"]["model"] == "whisper-1"
    assert heard["transcription"]["language"] == "de"
    heard = client.set(turn_detection={"silence_duration_ms": 300}, noise_reduction=None)
    assert heard["turn_detection"]["threshold"] == 0.7
    assert heard["turn_detection"]["silence_duration_ms"] == 300
    assert client.set(turn_detection=None)["turn_detection"] is None
    assert client.set(transcription=None)["turn_detection"] is None
    heard = client.set(format={"type": "audio/pcm", "rate": 16000.0})
    assert heard["format"] == {"type": "audio/pcm", "rate": 16000}
    client.append(SECOND)
    client.commit()
    client.hear_all(*COMMITTED, *ANSWERED)


def test_wishes_are_options_of_the_job(
    service: Service, committing: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, Any]] = []
    submit = service.queue.submit

    def noted(**wanted: Any) -> JobRecord:
        given.append(wanted)
        return submit(**wanted)

    monkeypatch.setattr(service.queue, "submit", noted)
    wishes = {"model": "base", "language": "de-DE", "prompt": "Über Öl.", "keywords": ["Ada", "Bo"]}
    committing.set(transcription=wishes)
    committing.append(SECOND)
    committing.commit()
    committing.hear_all(*COMMITTED, *ANSWERED)
    assert given[0]["words"] == (
        *service.context.words,
        *("--hotwords=Ada, Bo", "--initial_prompt=Über Öl.", "--language=de", "--model=base"),
        "--task=transcribe",
    )
    assert given[0]["client"] == "127.0.0.1"
    assert given[0]["kept"] is False


def test_the_form_cannot_change_in_the_middle(committing: Client) -> None:
    committing.append(SECOND)
    session = {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}
    committing.say("session.update", session=session)
    assert "commit" in committing.error()["message"]
    committing.set(transcription={"language": "de"})
    committing.commit()
    committing.hear_all(*COMMITTED, *ANSWERED)
    assert committing.set(format={"type": "audio/pcma"})["format"] == {"type": "audio/pcma"}


@pytest.mark.parametrize(
    ("named", "law"),
    [("audio/pcmu", realtime_formats.u_law), ("audio/pcma", realtime_formats.a_law)],
)
def test_the_sound_of_telephones(
    service: Service, committing: Client, named: str, law: Callable[[int], int]
) -> None:
    service.queue.pause_all(True)
    committing.set(format={"type": named})
    codes = bytes(range(256)) * 10
    committing.append(codes)
    committing.commit()
    committing.hear_all(*COMMITTED)
    content = recording_of(service)
    assert int.from_bytes(content[24:28], "little") == 8000
    samples = b"".join(law(code).to_bytes(2, "little", signed=True) for code in codes)
    assert content[44:] == samples


def test_the_older_interface(service: Service) -> None:
    headers = [(b"OpenAI-Beta", b"realtime=v1")]
    with connected(service.served, extra_headers=headers) as client:
        created = client.created  # type: ignore[attr-defined]
        assert created["type"] == "transcription_session.created"
        session = {
            "input_audio_format": "g711_ulaw",
            "input_audio_transcription": {"model": "whisper-1", "language": "en"},
            "turn_detection": None,
        }
        client.say("transcription_session.update", session=session)
        found = client.hear("transcription_session.updated")["session"]
        assert found["input_audio_format"] == "g711_ulaw"
        assert found["input_audio_transcription"]["language"] == "en"
        assert found["turn_detection"] is None
        client.append(bytes(8000))
        client.commit()
        client.hear_all("input_audio_buffer.committed", "conversation.item.created", *ANSWERED)


def answered(service: Service, *recordings: str) -> list[tuple[str, dict[str, Any]]]:
    """Return what is told of recordings that say what is to happen to them."""
    told: list[tuple[str, dict[str, Any]]] = []
    answers = Answers(
        service.context, "a", lambda kind, **fields: told.append((kind.rpartition(".")[2], fields))
    )
    for number, commands in enumerate(recordings):
        job = service.queue.folders.new()
        path = service.queue.folders.of(job) / "recording.wav"
        path.write_text(commands)
        answers.put(Heard(item=str(number), job=job, path=path, seconds=1.5), ())
    wait_for(lambda: sum(kind in ("completed", "failed") for kind, _ in told) == len(recordings))
    answers.close()
    return told


def test_answers_come_in_the_order_of_what_was_said(service: Service) -> None:
    told = answered(service, "say one\nrest 0.3\nsay more", "say two", "fail 3 InputError no sound")
    assert [(kind, fields["item_id"]) for kind, fields in told] == [
        *(("delta", "0"), ("delta", "0"), ("completed", "0")),
        *(("delta", "1"), ("completed", "1"), ("failed", "2")),
    ]
    assert told[2][1]["transcript"] == "one more"
    assert told[2][1]["usage"] == {"type": "duration", "seconds": 2}
    assert told[-1][1]["error"]["message"] == "no sound: do that"
    assert service.queue.jobs() == []
    wait_for(lambda: service.folders == [])


def test_nothing_said_is_an_empty_text(service: Service) -> None:
    ((kind, fields),) = answered(service, "rest 0.01")
    assert (kind, fields["transcript"]) == ("completed", "")


def test_whoever_leaves_takes_the_work_along(service: Service) -> None:
    service.queue.pause_all(True)
    with connected(service.served) as client:
        for _ in range(3):
            client.append(5 * LOUD + 20 * QUIET)
            client.hear_all(*SPOKEN, *COMMITTED)
        client.append(5 * LOUD)
        client.hear("input_audio_buffer.speech_started")
        assert len(service.folders) == 4
        assert len(service.queue.jobs()) == 3
    wait_for(lambda: service.folders == [] and service.queue.jobs() == [])


def test_a_recording_that_nobody_commits_has_an_end(
    committing: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime_sound, "MOST_SECONDS", 1)
    committing.append(SECOND)
    committing.append(b"\0\0")
    assert committing.error()["code"] == "input_audio_buffer_full"
    committing.commit()
    committing.hear_all(*COMMITTED)
    assert committing.hear_all(*ANSWERED)[1]["usage"]["seconds"] == 1


def test_whoever_speaks_without_end_is_cut(
    service: Service, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime_utterances, "MOST_SECONDS", 1)
    service.queue.pause_all(True)
    client.append(40 * LOUD)
    client.hear_all(*SPOKEN, *COMMITTED)
    assert client.hear("input_audio_buffer.speech_started")["audio_start_ms"] == 32 * 32
    client.append(20 * QUIET)
    client.hear_all("input_audio_buffer.speech_stopped", *COMMITTED)


def test_whoever_is_far_behind_is_told(
    service: Service, committing: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(realtime_answers, "_MOST", 1)
    service.queue.pause_all(True)
    for _ in range(2):
        committing.append(SECOND)
        committing.commit()
        committing.hear_all(*COMMITTED)
        time.sleep(0.1)
    committing.append(SECOND)
    committing.commit()
    error = committing.error()
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert len(service.folders) == 2
    # Whatever else is in a message is heard.
    committing.set(turn_detection={})
    committing.append(2 * (5 * LOUD + 20 * QUIET))
    committing.hear_all(*SPOKEN, "error", *SPOKEN, "error")
    assert len(service.folders) == 2
    service.queue.pause_all(False)
    committing.hear_all(*ANSWERED, *ANSWERED)


@pytest.mark.parametrize("detection", [None, {"type": "server_vad"}])
def test_a_disk_without_room_is_told(
    service: Service, client: Client, detection: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.set(turn_detection=detection)
    with monkeypatch.context() as full:
        full.setattr(sound_file, "free_bytes", lambda _: 0)
        client.append(5 * LOUD)
        assert client.error()["code"] == "insufficient_storage"
    assert service.folders == []
    client.append(5 * LOUD)
    if detection:
        client.hear("input_audio_buffer.speech_started")
    client.commit()
    client.hear_all(*COMMITTED, *ANSWERED)


def test_a_disk_that_fills_up_is_told(
    service: Service, committing: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    committing.append(SECOND)
    committing.set()
    assert len(service.folders) == 1
    with monkeypatch.context() as full:
        full.setattr(sound_file.SoundFile, "add", fail)
        committing.append(SECOND)
        assert committing.error()["code"] == "insufficient_storage"
    assert service.folders == []


def fail(*_: object) -> None:
    raise HttpError(507, "full", code="insufficient_storage")


def test_a_process_that_hears_nothing_is_told(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    deadly = (1234).to_bytes(2, "little") * (FRAME // 2)
    client.append(LOUD + deadly)
    error = client.error()
    assert (error["type"], error["code"]) == ("server_error", "engine_failed_error")
    client.append(5 * LOUD)
    client.hear("input_audio_buffer.speech_started")


def test_what_cannot_hear_at_all_ends_in_words(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears, "hearing_command", lambda: ["/nonexistent"])
    client = Client(service.served)
    with contextlib.closing(client):
        end = client.next()
        assert isinstance(end, ws.CloseConnection)
        assert end.code == 1011
    wait_for(lambda: any("hears speech has failed" in line for line in service.queued.lines))


@pytest.fixture
def locked(service: Service) -> Iterator[Served]:
    """Return a server with keys, and with a site whose pages may ask."""

    def settings(port: int) -> GateSettings:
        return GateSettings(
            allowed_hosts=loopback_hosts(port),
            api_keys=("secret-one",),
            allow_origins=frozenset({"https://notes.example"}),
        )

    route = Route("GET", "/v1/realtime", Realtime(service.context))
    with serving([route], settings=settings) as served:
        yield served


def refused(served: Served, target: str = PATH, **options: Any) -> int:
    client = Client(served, target, **options)
    with contextlib.closing(client):
        assert isinstance(client.answer, ws.RejectConnection), client.answer
        return client.answer.status_code


@pytest.mark.parametrize("origin", ["", "https://notes.example"])
def test_a_page_names_the_key_as_a_protocol(locked: Served, origin: str) -> None:
    headers = [(b"Origin", origin.encode())] if origin else []
    names = ["realtime", "openai-insecure-api-key.secret-one"]
    with connected(locked, subprotocols=names, extra_headers=headers) as client:
        assert isinstance(client.answer, ws.AcceptConnection)
        assert client.answer.subprotocol == "realtime"
    names = ["realtime", "openai-insecure-api-key.secret-two"]
    assert refused(locked, subprotocols=names, extra_headers=headers) == 401
    assert refused(locked, extra_headers=headers) == 401
    assert not any("secret" in line for line in locked.lines)


def test_programs_show_the_key_as_ever(locked: Served) -> None:
    with connected(locked, extra_headers=[(b"Authorization", b"Bearer secret-one")]):
        pass


def test_pages_of_other_sites_get_no_answer(locked: Served, service: Service) -> None:
    headers = [(b"Origin", b"https://evil.example")]
    names = ["realtime", "openai-insecure-api-key.secret-one"]
    assert refused(locked, subprotocols=names, extra_headers=headers) == 403
    assert refused(service.served, extra_headers=headers) == 403


def test_other_conversations_are_refused(service: Service) -> None:
    assert refused(service.served, "/v1/realtime?intent=chat") == 400
    status, answer = service.ask("/v1/realtime?intent=chat")
    assert (status, answer["error"]["param"]) == (400, "intent")
    assert service.ask(PATH)[0] == 426
    assert service.ask(PATH, "POST")[0] == 405
    with connected(service.served, "/v1/realtime?model=base") as client:
        transcription = client.set()["transcription"]
        assert transcription["model"] == "base"


def test_there_are_not_too_many(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "_MOST", 1)
    with serving([Route("GET", "/v1/realtime", Realtime(service.context))]) as served:
        with connected(served):
            client = Client(served)
            with contextlib.closing(client):
                end = client.next()
                assert isinstance(end, ws.CloseConnection)
                assert end.code == 1013
        wait_for(lambda: lets_in(served))


def lets_in(served: Served) -> bool:
    client = Client(served)
    with contextlib.closing(client):
        return isinstance(client.next(), ws.TextMessage)


def test_a_message_that_is_too_big(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(realtime, "_MESSAGE_BYTES", 10_000)
    with connected(service.served) as client:
        client.append(bytes(7000))
        client.set()
        client.append(bytes(10_000))
        end = client.next()
        assert isinstance(end, ws.CloseConnection)
        assert end.code == 1009


def test_the_end_of_the_server_ends_conversations(service: Service) -> None:
    route = Route("GET", "/v1/realtime", Realtime(service.context))
    with serving([route]) as served, connected(served) as client:
        client.append(5 * LOUD)
        client.hear("input_audio_buffer.speech_started")
        served.server.stop(5)
        end = client.next()
        assert isinstance(end, ws.CloseConnection)
        assert end.code == 1001
    wait_for(lambda: service.folders == [])


def test_memory_does_not_grow_with_what_is_heard(client: Client) -> None:
    minute = base64.b64encode(bytes(1_440_000)).decode()
    sizes = []
    for _ in range(10):
        client.say("input_audio_buffer.append", audio=minute)
        client.set()
        sizes.append(resident_bytes())
    assert sizes[-1] - sizes[2] < 8_000_000


def test_a_page_that_nobody_looks_at_stays_for_whoever_speaks(
    service: Service, client: Client
) -> None:
    client.set()
    assert service.queue.bulletin.is_heard
    client.close()
    wait_for(lambda: not service.queue.bulletin.is_heard)


def test_the_least_is_a_tenth_of_a_second(committing: Client) -> None:
    committing.append(SECOND[:4798])
    committing.commit()
    assert committing.error()["message"].startswith("the buffer has 99 ms")
    committing.append(SECOND[:2])
    committing.commit()
    committing.hear_all(*COMMITTED, *ANSWERED)
    assert realtime_files.LEAST_SECONDS == 0.1
