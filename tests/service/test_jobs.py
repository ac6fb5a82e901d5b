"""``/api/jobs``: what can be done with a job, and what becomes of wrong requests."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from jobs.conftest import wait_for

from service.conftest import SHARED, Field, Service, events_of
from transcriber.errors import StorageError
from transcriber.jobs.record import State
from transcriber.jobs.store import JobStore
from transcriber.service.api import audio
from transcriber.spoken_language import find_language

SLOW = ("say one", "rest 30", "say two")


def test_a_job_as_the_page_sees_it(service: Service) -> None:
    job = service.submit("note a note", "say Hello.", options={"language": "de", "beam_size": 3})
    service.queued.over(job)
    status, shown = service.ask(f"/api/jobs/{job}")
    assert status == 200
    times = [shown.pop(name) for name in ("created", "started", "ended")]
    assert times == sorted(times)
    assert shown == {
        "id": job,
        "name": "Talk.wav",
        "state": "done",
        "place": None,
        "priority": 0,
        "duration": 2.0,
        "position": 2.0,
        "time_left": None,
        "options": {"language": "de", "beam_size": 3},
        "language": "de",
        "notes": ["a note"],
        "error": None,
        "edited": False,
        "passage_of": None,
    }
    shown["created"], shown["started"], shown["ended"] = times
    assert service.ask("/api/jobs") == (200, {"jobs": [shown]})


@SHARED
def test_a_language_is_noted_only_where_it_is_a_guess(service: Service) -> None:
    engine = Mock(clips=None)
    texts = []
    for probability in (0.93, 0.4):
        engine.language.return_value = Mock(code="ht", probability=probability)
        texts += find_language(engine, service.context.settings, label="a", seconds=9)[1]
    job = service.done(*(f"note {text}" for text in texts))
    assert service.ask(f"/api/jobs/{job}")[1]["notes"] == texts[1:]
    assert "weak guess" in texts[1]


@SHARED
def test_several_recordings_are_several_jobs(service: Service) -> None:
    files = [("file", name, b"say Hello.") for name in ("a.wav", "../../b.wav", "")]
    status, answer = service.send("/api/jobs", *files)
    assert status == 201
    assert [one["name"] for one in answer["jobs"]] == ["a.wav", "b.wav", "recording"]
    for shown in answer["jobs"]:
        assert service.queued.over(shown["id"]).state is State.DONE
        recording = service.queue.job(shown["id"]).recording  # type: ignore[union-attr]
        assert recording.parent == service.queue.folders.of(shown["id"])
        assert recording.stat().st_mode & 0o777 == 0o600


@SHARED
def test_a_failure_is_told(service: Service) -> None:
    job = service.done("fail 3 InputError no sound")
    _, shown = service.ask(f"/api/jobs/{job}")
    assert shown["error"] == {"code": 3, "message": "no sound", "remedy": "do that"}


def test_changes(service: Service) -> None:
    job = service.submit(*SLOW)
    service.queued.reached(job, State.RUNNING)
    assert service.ask(f"/api/jobs/{job}/pause", "POST")[1]["state"] == "paused"
    assert service.ask(f"/api/jobs/{job}/resume", "POST")[1]["state"] == "waiting"
    assert service.ask(f"/api/jobs/{job}/priority", "POST", {"priority": 7})[1]["priority"] == 7
    assert service.ask(f"/api/jobs/{job}/cancel", "POST")[1]["state"] == "cancelled"
    status, shown = service.ask(f"/api/jobs/{job}/again", "POST", {"options": {"language": "fr"}})
    assert (status, shown["options"], shown["state"]) == (200, {"language": "fr"}, "waiting")
    assert service.ask(f"/api/jobs/{job}", "DELETE") == (204, "")
    assert service.ask(f"/api/jobs/{job}")[0] == 404
    wait_for(lambda: not service.folders)


def test_again_forgets_what_was_edited_only_if_it_begins(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = service.done("say one")
    edited = {"segments": [{"start": 0, "end": 1, "text": "mine"}], "revision": 0}
    assert service.ask(f"/api/jobs/{job}/transcript", "PUT", edited)[0] == 200
    with monkeypatch.context() as patch:
        patch.setattr(JobStore, "put", refuse)
        assert service.ask(f"/api/jobs/{job}/again", "POST", {"options": {}})[0] == 507
    _, answer = service.ask(f"/api/jobs/{job}/transcript")
    assert answer["segments"][0]["text"] == "mine"
    assert service.ask(f"/api/jobs/{job}/again", "POST", {"options": {}})[0] == 200
    service.queued.over(job)
    _, answer = service.ask(f"/api/jobs/{job}/transcript")
    assert (answer["segments"][0]["text"], answer["revision"]) == (" one", 0)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_again_keeps_the_text_until_there_is_another(service: Service, end: str) -> None:
    job = service.done("say one", "say two")
    edited = {"segments": [{"start": 0, "end": 1, "text": "mine"}], "revision": 0}
    assert service.ask(f"/api/jobs/{job}/transcript", "PUT", {**edited, "decoded": 2})[0] == 200
    recording = service.queue.job(job).recording  # type: ignore[union-attr]
    recording.write_text("say three\n" + ("fail 4 ModelError no" if end == "failed" else "rest 30"))
    status, shown = service.ask(f"/api/jobs/{job}/again", "POST", {"options": {}})
    assert status == 200
    if end == "cancelled":
        assert shown["edited"] is False
        wait_for(lambda: service.queue.segments(job))
        assert [one["text"] for one in service.queue.segments(job)] == [" three"]
        assert service.ask(f"/api/jobs/{job}/cancel", "POST")[1]["state"] == end
    assert str(service.queued.over(job).state) == end
    _, answer = service.ask(f"/api/jobs/{job}/transcript")
    assert [one["text"] for one in answer["segments"]] == ["mine"]
    assert answer["revision"] == 1
    # When it goes on, and comes to its end, nothing is left of what was before.
    recording.write_text("say four")
    assert service.ask(f"/api/jobs/{job}/resume", "POST")[0] == 200
    service.queued.over(job)
    _, answer = service.ask(f"/api/jobs/{job}/transcript")
    assert [one["text"] for one in answer["segments"]] == [" four"]
    assert answer["revision"] == 0
    assert not list(service.queue.folders.of(job).glob("*.before"))


def refuse(*_: object) -> None:
    raise StorageError("the disk is full")


def test_all_recordings_are_taken_or_none(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.queue.pause_all(True)
    put = JobStore.put
    taken: list[Any] = []

    def put_two(store: JobStore, record: Any) -> None:
        taken.append(record)
        if len(taken) > 2:
            refuse()
        put(store, record)

    monkeypatch.setattr(JobStore, "put", put_two)
    status, answer = service.send("/api/jobs", *[("file", "a.wav", b"say one")] * 3)
    assert (status, answer["error"]["code"]) == (507, "storage_error")
    assert service.queue.jobs() == []
    assert service.folders == []


@SHARED
@pytest.mark.parametrize(
    "options",
    [
        "{",
        "[1]",
        '"base"',
        "[" * 100_000,
        '{"a": NaN}',
        '{"nothing": 1}',
        '{"model": "/etc/passwd"}',
        '{"model": "../base"}',
        '{"model": ["base"]}',
        '{"model": {"a": 1}}',
        '{"language": "Klingon"}',
        '{"language": {"a": 1}}',
        '{"task": "sing"}',
        '{"beam_size": "x"}',
        '{"clip_timestamps": "5,1"}',
        '{"model_dir": "/"}',
        '{"device": "cuda"}',
        '{"threads": 2}',
        '{"backend": "system"}',
        '{"python": "/bin/sh"}',
        '{"ffmpeg": "/bin/sh"}',
        '{"output_dir": "/"}',
        '{"output_format": "txt"}',
        '{"model_mirror": "http://nowhere.example"}',
        '{"offline": false}',
        '{"audio": "/etc/passwd"}',
        '{"help": true}',
        '{"no_defaults": true}',
        '{"model": "tiny.en", "task": "translate"}',
    ],
)
def test_wrong_options_are_refused(service: Service, options: str) -> None:
    before = service.queue.jobs()
    status, answer = service.send("/api/jobs", ("options", options), ("file", "a", b"say one"))
    assert status == 400, answer
    assert answer["error"]["message"]
    assert service.queue.jobs() == before
    assert len(service.folders) == len(before)


@SHARED
@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"hotwords": "--model=/etc/passwd --device cuda"}, None),
        ({"initial_prompt": "a\n--ffmpeg=/bin/sh\r\nb"}, "--initial_prompt=a --ffmpeg=/bin/sh b"),
        ({"hotwords": "\ud800"}, "--hotwords=?"),
        ({"suppress_tokens": [1, 2]}, "--suppress_tokens=1,2"),
        ({"logprob_threshold": None, "hotwords": ""}, ""),
        ({"word_timestamps": True}, "--word_timestamps=True"),
        ({"model": "base"}, "--model=base"),
    ],
)
def test_options_are_words(service: Service, options: dict[str, Any], word: str | None) -> None:
    job = service.submit("say one", options=options)
    service.queued.over(job)
    words = json.loads((service.queue.folders.of(job) / "words.json").read_text())
    if word is None:
        ((name, value),) = options.items()
        word = f"--{name}={value}"
    assert words == [*service.context.words, *([word] if word else [])]


def test_numbers_that_json_does_not_know_do_not_break_the_page(service: Service) -> None:
    job = service.submit("say one", options={"logprob_threshold": "Infinity"})
    assert service.ask("/api/jobs")[1]["jobs"][0]["options"] == {"logprob_threshold": "Infinity"}
    assert service.ask(f"/api/jobs/{job}")[0] == 200


@SHARED
def test_a_form_without_a_recording(service: Service) -> None:
    status, answer = service.send("/api/jobs", ("options", "{}"))
    assert (status, answer["error"]["param"]) == (400, "file")
    assert len(service.folders) == len(service.queue.jobs())


def test_the_queue_is_paused(service: Service) -> None:
    assert service.ask("/api/queue/pause", "POST") == (200, {"paused": True})
    job = service.submit("say one")
    assert service.ask("/api/state")[1]["paused"] is True
    assert service.ask("/api/queue/resume", "POST") == (200, {"paused": False})
    assert service.queued.over(job).state is State.DONE


@SHARED
def test_a_passage_is_a_job_of_its_own(service: Service) -> None:
    job = service.done("say one")
    given = {"start": 1, "end": 1.5, "options": {"language": "de"}}
    status, shown = service.ask(f"/api/jobs/{job}/passage", "POST", given)
    assert status == 202
    passage = shown["id"]
    assert passage != job
    assert shown["passage_of"] == job
    assert service.queued.over(passage).state is State.DONE
    words = json.loads((service.queue.folders.of(passage) / "words.json").read_text())
    assert "--clip_timestamps=1,1.5" in words
    assert "--language=de" in words
    assert service.ask(f"/api/jobs/{passage}/transcript")[1]["complete"] is True
    assert service.ask(f"/api/jobs/{passage}", "DELETE")[0] == 204
    assert service.queue.job(job).recording.is_file()  # type: ignore[union-attr]


@SHARED
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"start": 1},
        {"start": 2, "end": 1},
        {"start": "1", "end": "2"},
        {"start": 0, "end": 1e300},
        {"start": 0, "end": 1, "options": [1]},
        {"start": 0, "end": 1, "options": "x"},
        {"start": 0, "end": 1, "options": {"model": "/etc/passwd"}},
    ],
)
def test_a_passage_that_is_none(service: Service, given: object) -> None:
    job = service.done("say one")
    before = service.folders
    assert service.ask(f"/api/jobs/{job}/passage", "POST", given)[0] == 400
    assert service.folders == before


@SHARED
@pytest.mark.parametrize("priority", [None, "1", 1.5, True, 10**9, [1]])
def test_a_priority_is_a_whole_number(service: Service, priority: object) -> None:
    job = service.done("say one")
    status, answer = service.ask(f"/api/jobs/{job}/priority", "POST", {"priority": priority})
    assert (status, answer["error"]["param"]) == (400, "priority")


NO_OBJECTS = [b"{", b"[]", b"1", b"\xff", b"[" * 100_000, b'{"a":' * 50_000, b'{"a": NaN}', b"\0"]


@SHARED
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/jobs/{job}/again"),
        ("POST", "/api/jobs/{job}/priority"),
        ("POST", "/api/jobs/{job}/passage"),
        ("PUT", "/api/jobs/{job}/transcript"),
        ("PUT", "/api/defaults"),
        ("POST", "/api/models/default"),
    ],
)
def test_what_is_no_object_is_refused(service: Service, method: str, path: str) -> None:
    job = service.done("say one")
    for body in NO_OBJECTS:
        status, answer = service.ask(path.format(job=job), method, body)
        assert status == 400, body
        assert answer["error"]["type"] == "invalid_request_error"


EVIL = (
    *("nobody", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%00", "a" * 5000, "%ff", "jobs.sqlite"),
    *("found", "lock", "%2e", "*", "%0a"),
)


@SHARED
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/jobs/{}"),
        ("DELETE", "/api/jobs/{}"),
        ("POST", "/api/jobs/{}/cancel"),
        ("POST", "/api/jobs/{}/again"),
        ("GET", "/api/jobs/{}/transcript"),
        ("PUT", "/api/jobs/{}/transcript"),
        ("DELETE", "/api/jobs/{}/transcript"),
        ("GET", "/api/jobs/{}/export"),
        ("GET", "/api/jobs/{}/audio"),
        ("GET", "/api/jobs/{}/peaks"),
        ("GET", "/api/jobs/{}/events"),
        ("GET", "/v1/models/{}"),
        ("DELETE", "/api/models/{}"),
        ("POST", "/api/models/{}/fetch"),
    ],
)
def test_names_lead_nowhere(service: Service, method: str, path: str) -> None:
    (service.queue.folders.root / "found").mkdir(exist_ok=True)
    for name in EVIL:
        status, _ = service.ask(path.format(name), method, {} if method != "GET" else None)
        assert status in (400, 404, 405), name
    assert (service.queue.folders.root / "jobs.sqlite").is_file()
    assert (service.queue.folders.root / "found").is_dir()


def test_events(service: Service) -> None:
    head = service.served.head("GET", "/api/events")
    with service.served.connect() as client:
        client.sendall(head)
        assert b"text/event-stream" in client.recv(4096, 0)
        job = service.submit("say one")
        found = events_of(client, 4)
        service.ask(f"/api/jobs/{job}", "DELETE")
        service.ask("/api/queue/pause", "POST")
        found += events_of(client, 2)
    kinds = [name for name, _ in found]
    assert kinds.count("segments") == 1
    assert kinds[0] == "job"
    segments = next(content for name, content in found if name == "segments")
    assert segments["job"] == job
    assert segments["segments"][0]["text"] == " one"
    assert segments["position"] == 2.0
    assert "removed" in kinds or kinds[-1] == "job"


def test_events_of_one_job(service: Service) -> None:
    job = service.submit("rest 0.1", "say one")
    head = service.served.head("GET", f"/api/jobs/{job}/events")
    with service.served.connect() as client:
        client.sendall(head)
        service.submit("say other")
        found = events_of(client, 3)
    for name, content in found:
        assert content["job" if name == "segments" else "id"] == job


def test_whoever_stops_listening_is_forgotten(service: Service) -> None:
    for _ in range(3):
        with service.served.connect() as client:
            client.sendall(service.served.head("GET", "/api/events"))
            client.recv(100)
    wait_for(lambda: not service.queue.bulletin._listeners)


@SHARED
def test_a_job_of_which_the_recording_is_gone(service: Service) -> None:
    job = service.done("say one")
    Path(service.queue.job(job).recording).unlink()  # type: ignore[union-attr]
    for what in ("audio", "peaks"):
        assert service.ask(f"/api/jobs/{job}/{what}")[0] in (400, 404)
    assert service.ask(f"/api/jobs/{job}/transcript")[0] == 200


def test_sound_for_browsers_leaves_room_on_the_disk(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A container that no browser plays: Sun's, with 16 bits at 16 kHz.
    head = b".snd" + struct.pack(">5I", 24, 0xFFFFFFFF, 3, 16000, 1)
    fields: Sequence[Field] = (("file", "a.au", head + bytes(64000)),)
    job = service.send("/api/jobs", *fields)[1]["jobs"][0]["id"]
    with monkeypatch.context() as full:
        full.setattr(audio, "free_bytes", lambda _: 0)
        assert service.ask(f"/api/jobs/{job}/audio")[0] == 507
    assert not list(service.queue.folders.of(job).glob("*playable*"))
    answer = service.served.ask(f"/api/jobs/{job}/audio")
    assert (answer.status, answer.body[:4], len(answer.body)) == (200, b"RIFF", 44 + 64000)


def test_many_jobs_are_listed_at_once(service: Service) -> None:
    service.queue.pause_all(True)
    for number in range(300):
        service.queue.submit(
            name="a", recording=Path("a"), words=(f"--seed={number}",), client="a", kept=False
        )
    begun = time.monotonic()
    assert len(service.ask("/api/jobs")[1]["jobs"]) == 300
    assert time.monotonic() - begun < 0.5


@SHARED
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"initial_prompt": "a" * 10_001}, "initial_prompt has more than 10,000 letters"),
        ({"best_of": 101}, "may be 100 here"),
        ({"beam_size": 101}, "may be 100 here"),
    ],
)
def test_what_would_hold_up_everybody_is_refused(
    service: Service, options: dict[str, object], said: str
) -> None:
    status, content = service.send(
        "/api/jobs", ("options", json.dumps(options)), ("file", "a.wav", b"say one")
    )
    assert (status, said in str(content)) == (400, True), content
