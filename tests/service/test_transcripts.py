"""Transcripts over HTTP: reading, correcting, exporting."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jobs.conftest import wait_for

from service.conftest import SHARED, Service
from transcriber.exporting.formats import FORMATS
from transcriber.jobs.record import State

SEGMENT = {"start": 0.0, "end": 1.5, "text": " Mine."}


@SHARED
def test_a_transcript_that_is_done(service: Service) -> None:
    job = service.done("say one", "say two")
    status, answer = service.ask(f"/api/jobs/{job}/transcript")
    assert status == 200
    texts = [segment["text"] for segment in answer.pop("segments")]
    assert texts == [" one", " two"]
    assert answer == {"language": "en", "revision": 0, "decoded": 2, "complete": True}


def test_a_transcript_that_is_not_done_yet(service: Service) -> None:
    job = service.submit("say one", "rest 30")
    assert service.ask(f"/api/jobs/{job}")[1]["language"] in (None, "en")
    wait_for(lambda: service.queued.texts(job) == ["one"])
    assert service.ask(f"/api/jobs/{job}")[1]["language"] == "en"
    _, answer = service.ask(f"/api/jobs/{job}/transcript")
    assert (len(answer["segments"]), answer["complete"], answer["language"]) == (1, False, "en")


@SHARED
def test_a_correction_is_kept_beside_what_was_decoded(service: Service) -> None:
    job = service.done("say one")
    path = f"/api/jobs/{job}/transcript"
    assert service.ask(path, "PUT", {"segments": [SEGMENT], "revision": 0}) == (
        200,
        {"revision": 1},
    )
    _, answer = service.ask(path)
    assert (answer["segments"], answer["revision"], answer["decoded"]) == ([SEGMENT], 1, 1)
    assert service.ask(f"/api/jobs/{job}")[1]["edited"] is True
    assert service.ask(path, "DELETE") == (200, {"revision": 0})
    _, answer = service.ask(path)
    assert (answer["segments"][0]["text"], answer["revision"]) == (" one", 0)
    assert service.ask(path, "DELETE") == (200, {"revision": 0})


@SHARED
@pytest.mark.parametrize("revision", [0, 2, None, "1", -1])
def test_who_corrects_what_is_not_the_present_one_is_told(
    service: Service, revision: object
) -> None:
    job = service.done("say one")
    path = f"/api/jobs/{job}/transcript"
    service.ask(path, "PUT", {"segments": [SEGMENT], "revision": 0})
    status, answer = service.ask(path, "PUT", {"segments": [], "revision": revision})
    assert (status, answer["error"]["code"]) == (409, "stale")
    assert service.ask(path)[1]["segments"] == [SEGMENT]


@SHARED
def test_corrections_outlive_the_service(service: Service) -> None:
    job = service.done("say one")
    service.ask(f"/api/jobs/{job}/transcript", "PUT", {"segments": [SEGMENT], "revision": 0})
    found = json.loads((service.queue.folders.of(job) / "edited.json").read_text())
    assert found == {"revision": 1, "decoded": 1, "segments": [SEGMENT]}


@SHARED
def test_what_is_decoded_behind_a_correction_is_not_lost(service: Service) -> None:
    job = service.done("say one")
    path = f"/api/jobs/{job}/transcript"
    (decoded,) = service.ask(path)[1]["segments"]
    # As it is saved before anything of it is decoded.
    given = {"segments": [SEGMENT], "revision": 0, "decoded": 0}
    assert service.ask(path, "PUT", given)[0] == 200
    assert service.ask(path)[1]["segments"] == [SEGMENT, decoded]
    told = str(service.queue.segments(job)[0]["text"]).strip()
    exported = service.served.ask(f"/api/jobs/{job}/export?format=txt").body.decode()
    assert str(SEGMENT["text"]).strip() in exported
    assert told in exported
    for decoded_count in (-1, "1", None, 1.5):
        wrong = {"segments": [SEGMENT], "revision": 1, "decoded": decoded_count}
        status, answer = service.ask(path, "PUT", wrong)
        assert (status, answer["error"]["param"]) == (400, "decoded")


@SHARED
def test_only_what_is_new_of_a_correction_need_be_sent(service: Service) -> None:
    job = service.done("say one")
    path = f"/api/jobs/{job}/transcript"
    first = [{**SEGMENT, "text": text, "id": 7} for text in ("a", "b", "c", "d")]
    service.ask(path, "PUT", {"segments": first, "revision": 0})
    parts = [[3, 1], {**SEGMENT, "text": "new"}, [0, 2]]
    assert service.ask(path, "PATCH", {"parts": parts, "revision": 1}) == (200, {"revision": 2})
    found = service.ask(path)[1]["segments"]
    assert [segment["text"] for segment in found] == ["d", "new", "a", "b"]
    assert [segment["id"] for segment in found] == [0, 1, 2, 3]
    status, answer = service.ask(path, "PATCH", {"parts": [], "revision": 1})
    assert (status, answer["error"]["code"]) == (409, "stale")
    assert service.ask(path)[1]["segments"] == found


@SHARED
@pytest.mark.parametrize(
    "parts",
    [
        *(None, {}, "x", [None], ["x"], [[]], [[0]], [[0, 1, 2]], [["0", "1"]], [[True, 1]]),
        *([[0, -1]], [[-1, 1]], [[0, 2]], [[1, 1]], [{**SEGMENT, "start": None}]),
    ],
)
def test_parts_that_make_no_transcript_are_refused(service: Service, parts: object) -> None:
    job = service.done("say one")
    path = f"/api/jobs/{job}/transcript"
    service.ask(path, "PUT", {"segments": [SEGMENT], "revision": 0})
    status, answer = service.ask(path, "PATCH", {"parts": parts, "revision": 1})
    assert (status, answer["error"]["type"]) == (400, "invalid_request_error")
    assert service.ask(path)[1]["segments"] == [SEGMENT]


NO_TRANSCRIPTS: list[object] = [
    None,
    {},
    "x",
    [1],
    [[]],
    [{}],
    [{**SEGMENT, "start": None}],
    [{**SEGMENT, "start": "0"}],
    [{**SEGMENT, "start": -1}],
    [{**SEGMENT, "start": True}],
    [{**SEGMENT, "end": 1e12}],
    [{**SEGMENT, "end": 10**400}],
    [{**SEGMENT, "text": 1}],
    [{**SEGMENT, "text": None}],
    [{**SEGMENT, "words": "abc"}],
    [{**SEGMENT, "words": None}],
    [{**SEGMENT, "words": {"a": 1}}],
    [{**SEGMENT, "words": [1]}],
    [{**SEGMENT, "words": [{"start": 0, "end": 1}]}],
    [{**SEGMENT, "words": [{"start": 0, "end": 1, "word": 3}]}],
    [{**SEGMENT, "words": [{"start": 0, "end": 1, "word": "a", "probability": "x"}]}],
    [{**SEGMENT, "words": [{"start": 0, "end": 1, "word": "a", "probability": 7}]}],
    [{**SEGMENT, "speaker": 1}],
]


@SHARED
def test_what_is_no_transcript_is_refused(service: Service) -> None:
    job = service.done("say one")
    for segments in NO_TRANSCRIPTS:
        given = {"segments": segments, "revision": 0}
        status, answer = service.ask(f"/api/jobs/{job}/transcript", "PUT", given)
        assert (status, answer["error"]["param"]) == (400, "segments"), segments
    assert service.ask(f"/api/jobs/{job}/transcript")[1]["revision"] == 0


EDGES: list[list[dict[str, Any]]] = [
    [],
    [SEGMENT],
    [{**SEGMENT, "start": 5, "end": 1}],
    [{**SEGMENT, "text": ""}],
    [{**SEGMENT, "text": '\ud800 \0 \x1b <b>&amp; ]]> --> {\\b1} [00:01.00] "=1+1" \r\n\u2028'}],
    [{**SEGMENT, "end": 1e9}],
    [{**SEGMENT, "end": 1e-300, "start": 0}],
    [{**SEGMENT, "speaker": "A\n<b>", "id": "x", "tokens": None, "seek": "no"}],
    [{**SEGMENT, "words": []}],
    [{**SEGMENT, "words": [{"start": 9, "end": 1, "word": "\ud800"}]}],
    [{**SEGMENT, "words": [{"start": 0, "end": 1, "word": " Mine.", "probability": None}]}],
    [{**SEGMENT, "words": [{"start": 0, "end": 1, "word": ""}]}],
    [SEGMENT, SEGMENT, {**SEGMENT, "words": [{"start": 0, "end": 0, "word": " Mine."}]}],
]


@SHARED
@pytest.mark.parametrize("further", ["", "&subtitles=standard", "&highlight_words=true"])
def test_whatever_is_kept_can_be_exported(service: Service, further: str) -> None:
    job = service.done("say one")
    path = f"/api/jobs/{job}/transcript"
    for revision, segments in enumerate(EDGES):
        assert service.ask(path, "PUT", {"segments": segments, "revision": revision})[0] == 200
        assert service.ask(path)[0] == 200
        for name in FORMATS:
            answer = service.served.ask(f"/api/jobs/{job}/export?format={name}{further}")
            assert answer.status == 200, (segments, name, answer.body, service.served.lines)


@SHARED
@pytest.mark.parametrize("name", list(FORMATS))
def test_an_export_is_a_file(service: Service, name: str) -> None:
    job = service.done("say Hello there.")
    answer = service.served.ask(f"/api/jobs/{job}/export?format={name}")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == FORMATS[name].media_type
    assert answer.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''Talk.{name}"
    if name == "docx":
        assert answer.body.startswith(b"PK")
    else:
        assert "Hello there." in answer.body.decode()


@SHARED
def test_an_export_is_of_what_was_corrected(service: Service) -> None:
    job = service.done("say one")
    service.ask(f"/api/jobs/{job}/transcript", "PUT", {"segments": [SEGMENT], "revision": 0})
    assert service.served.ask(f"/api/jobs/{job}/export?format=txt").body == b"Mine.\n"
    assert service.served.ask(f"/api/jobs/{job}/export").body == b"Mine.\n"


def test_an_export_of_what_is_still_decoded(service: Service) -> None:
    job = service.submit("say one", "rest 30")
    wait_for(lambda: service.queued.texts(job) == ["one"])
    assert service.served.ask(f"/api/jobs/{job}/export?format=txt").body == b"one\n"
    service.queue.pause(job)
    service.queued.reached(job, State.PAUSED)
    assert service.served.ask(f"/api/jobs/{job}/export?format=txt").body == b"one\n"


@SHARED
@pytest.mark.parametrize("query", ["format=exe", "format=", "format=../txt", "subtitles=tiny"])
def test_an_export_that_there_is_not(service: Service, query: str) -> None:
    job = service.done("say one")
    status, answer = service.ask(f"/api/jobs/{job}/export?{query}")
    assert (status, answer["error"]["param"]) == (400, query.partition("=")[0])


@SHARED
@pytest.mark.parametrize("label", ["Gespräch „1“.wav", 'a"; filename=b.wav', "日本語.mp3", ".wav"])
def test_an_export_is_called_like_the_recording(service: Service, label: str) -> None:
    name = label.replace('"', "%22")
    _, answer = service.send("/api/jobs", ("file", name, b"say one"))
    job = answer["jobs"][0]["id"]
    service.queued.over(job)
    found = service.served.ask(f"/api/jobs/{job}/export?format=txt")
    assert found.status == 200
    assert found.headers["Content-Disposition"].isascii()


def test_what_was_taken_in_once_is_not_added_again(service: Service) -> None:
    job = service.done("say one", "say two")
    edited = {"segments": [{"start": 0, "end": 4, "text": "mine"}]}
    # While a process goes on with the journal of another, less is known for a moment.
    for revision, decoded in enumerate((2, 0)):
        body = {**edited, "revision": revision, "decoded": decoded}
        assert service.ask(f"/api/jobs/{job}/transcript", "PUT", body)[0] == 200
    _, answer = service.ask(f"/api/jobs/{job}/transcript")
    assert [one["text"] for one in answer["segments"]] == ["mine"]
