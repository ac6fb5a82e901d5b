"""OpenAI's interface, as its clients speak it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jobs.conftest import wait_for

from service.conftest import SHARED, Field, Service, events_of
from service.http.serving import read_until
from transcriber.jobs.record import State

SAID = ("say Hello there.", "say And goodbye.")
TEXT = "Hello there. And goodbye."


@pytest.fixture
def orders(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Return the words of each job that was submitted."""
    found: list[tuple[str, ...]] = []
    submit = service.queue.submit

    def noting(**given: Any) -> Any:
        found.append(given["words"])
        return submit(**given)

    monkeypatch.setattr(service.queue, "submit", noting)
    return found


@SHARED
def test_json_is_the_text(service: Service) -> None:
    status, answer = service.transcribe(*SAID, model="whisper-1")
    assert status == 200
    assert answer == {"text": TEXT, "usage": {"type": "duration", "seconds": 4}}
    assert service.queue.jobs() == []
    assert service.folders == []


@SHARED
@pytest.mark.parametrize("fields", [{}, {"stream": "true"}, {"response_format": "srt"}])
@pytest.mark.parametrize(("asked", "used"), [("whisper-1", ""), ("", ""), ("tiny.en", "tiny.en")])
def test_the_answer_says_which_model_it_is_of(
    service: Service, asked: str, used: str, fields: dict[str, str]
) -> None:
    recording = ("file", "a.wav", "\n".join(SAID).encode())
    more = [("model", asked), *fields.items()]
    answer = service.post("/v1/audio/transcriptions", recording, *more)
    usual = service.context.settings.model
    assert (answer.status, answer.headers["X-Model"]) == (200, used or usual)


@SHARED
def test_text_is_the_text_alone(service: Service) -> None:
    assert service.transcribe(*SAID, response_format="text") == (200, TEXT + "\n")


@SHARED
def test_subtitles(service: Service) -> None:
    status, text = service.transcribe(*SAID, response_format="srt")
    assert status == 200
    assert text == (
        "1\n00:00:00,000 --> 00:00:02,000\nHello there.\n\n"
        "2\n00:00:02,000 --> 00:00:04,000\nAnd goodbye.\n\n"
    )
    status, text = service.transcribe(*SAID, response_format="vtt")
    assert text.startswith("WEBVTT\n\n00:00.000 --> 00:02.000\nHello there.\n")


@SHARED
def test_subtitles_are_cut_as_the_options_say(service: Service) -> None:
    fields = {"response_format": "srt", "word_timestamps": "True", "max_words_per_line": "1"}
    _, text = service.transcribe(*SAID, **fields)
    assert text.count("-->") == 4


@SHARED
@pytest.mark.parametrize("response_format", ["srt", "vtt", "text"])
def test_subtitles_have_media_types(service: Service, response_format: str) -> None:
    recording: Field = ("file", "a.wav", b"say Hello.")
    answer = service.post(
        "/v1/audio/transcriptions", recording, ("response_format", response_format)
    )
    types = {"srt": "application/x-subrip", "vtt": "text/vtt", "text": "text/plain"}
    assert answer.headers.get_content_type() == types[response_format]


@SHARED
def test_verbose_json_has_segments_whatever_is_asked_for(service: Service) -> None:
    status, answer = service.transcribe(*SAID, response_format="verbose_json")
    assert status == 200
    assert (answer["task"], answer["language"], answer["duration"]) == ("transcribe", "english", 4)
    assert answer["text"] == TEXT
    assert "words" not in answer
    assert [segment["text"] for segment in answer["segments"]] == [" Hello there.", " And goodbye."]
    assert set(answer["segments"][0]) == {
        *("id", "seek", "start", "end", "text", "tokens"),
        *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
    }


@SHARED
@pytest.mark.parametrize("name", ["timestamp_granularities[]", "timestamp_granularities"])
@pytest.mark.parametrize("value", ["word", '["word"]'])
def test_words_are_told_where_they_are_asked_for(
    service: Service, orders: list[tuple[str, ...]], name: str, value: str
) -> None:
    fields = {"response_format": "verbose_json", name: value}
    _, answer = service.transcribe(*SAID, **fields)
    assert answer["words"][0] == {"word": "Hello", "start": 0.0, "end": 2.0}
    assert len(answer["words"]) == 4
    assert "--word_timestamps=True" in orders[0]


@SHARED
def test_probabilities(service: Service) -> None:
    _, answer = service.transcribe(*SAID, **{"include[]": "logprobs"})
    first = answer["logprobs"][0]
    assert first["token"] == " Hello"  # noqa: S105  a word
    assert first["logprob"] == pytest.approx(-0.693, abs=0.001)
    assert bytes(first["bytes"]) == b" Hello"


@SHARED
def test_translations(service: Service, orders: list[tuple[str, ...]]) -> None:
    status, answer = service.transcribe(*SAID, task="translations", response_format="verbose_json")
    assert (status, answer["task"]) == (200, "translate")
    assert "--task=translate" in orders[0]


@SHARED
@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"language": "de"}, "--language=de"),
        ({"language": "German"}, "--language=de"),
        ({"language": "pt-BR"}, "--language=pt"),
        ({"languages[]": "fr"}, "--language=fr"),
        ({"prompt": "Anna, Otto"}, "--initial_prompt=Anna, Otto"),
        ({"prompt": "--model=/etc/passwd"}, "--initial_prompt=--model=/etc/passwd"),
        ({"prompt": "one\ntwo"}, "--initial_prompt=one two"),
        ({"keywords[]": "Otto"}, "--hotwords=Otto"),
        ({"hotwords": "--device=cuda"}, "--hotwords=--device=cuda"),
        ({"temperature": "0.4"}, "--temperature=0.4"),
        ({"temperature": "0.4"}, "--temperature_increment_on_fallback=None"),
        ({"chunking_strategy": '{"type": "server_vad", "threshold": 0.7}'}, "--vad_threshold=0.7"),
        ({"chunking_strategy": '{"silence_duration_ms": 250}'}, "--vad_min_silence_ms=250"),
        ({"beam_size": "3"}, "--beam_size=3"),
        ({"model": "base"}, "--model=base"),
        ({"model": "large"}, "--model=large"),
    ],
)
def test_fields_are_options(
    service: Service, orders: list[tuple[str, ...]], fields: dict[str, str], word: str
) -> None:
    status, answer = service.transcribe(*SAID, **fields)
    assert status == 200, answer
    assert word in orders[0]


@SHARED
@pytest.mark.parametrize(
    "fields",
    [
        {"model": "whisper-1"},
        {"model": "gpt-4o-transcribe"},
        {"model": "/etc/passwd"},
        {"model": ""},
        {"language": ""},
        {"language": "auto"},
        {"prompt": ""},
        {"chunking_strategy": "auto"},
        {"device": "cuda"},
        {"ffmpeg": "/bin/sh"},
        {"python": "/bin/sh"},
        {"model_dir": "/"},
        {"output_dir": "/"},
        {"model_mirror": "http://nowhere.example"},
        {"user": "somebody"},
        {"known_speaker_names[]": "Anna"},
    ],
)
def test_what_means_nothing_here_changes_nothing(
    service: Service, orders: list[tuple[str, ...]], fields: dict[str, str]
) -> None:
    assert service.transcribe(*SAID, **fields)[0] == 200
    assert orders[0] == (*service.context.words, "--task=transcribe")


@SHARED
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"response_format": "xml"}, "response_format"),
        ({"response_format": "diarized_json"}, "response_format"),
        ({"timestamp_granularities[]": "letter"}, "timestamp_granularities"),
        ({"language": "Klingon"}, "language"),
        ({"temperature": "warm"}, "temperature"),
        ({"temperature": "nan"}, "temperature"),
        ({"temperature": "-1"}, "temperature"),
        ({"temperature": "1.5"}, "temperature"),
        ({"chunking_strategy": "{"}, "chunking_strategy"),
        ({"chunking_strategy": "[" * 100_000}, "chunking_strategy"),
        ({"chunking_strategy": '{"threshold": 7}'}, "chunking_strategy"),
        ({"chunking_strategy": '{"threshold": {"a": []}}'}, "chunking_strategy"),
        ({"a": "1", "beam_size": "many"}, "beam_size"),
        ({"best_of": "0"}, "best_of"),
        ({"patience": "0.01"}, "patience"),
    ],
)
def test_wrong_values_are_refused_by_name(
    service: Service, fields: dict[str, str], param: str
) -> None:
    status, answer = service.transcribe(*SAID, **fields)
    assert status == 400
    error = answer["error"]
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert error["message"]
    assert service.folders == []


@SHARED
def test_a_form_without_a_recording(service: Service) -> None:
    status, answer = service.send("/v1/audio/transcriptions", ("model", "whisper-1"))
    assert (status, answer["error"]["param"]) == (400, "file")


@SHARED
@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        ("3 InputError no sound", 400, "input_error"),
        ("4 ModelError no such model", 404, "model_error"),
        ("6 OfflineError no network", 503, "offline_error"),
        ("7 StorageError disk full", 507, "storage_error"),
        ("9 LimitError it is too long", 413, "limit_error"),
        ("9 OutOfMemoryError no memory", 503, "out_of_memory_error"),
        ("11 EngineFailedError the GPU", 503, "engine_failed_error"),
        ("1 SomethingNew a defect", 500, None),
    ],
)
def test_failures_have_statuses(
    service: Service, failure: str, status: int, code: str | None
) -> None:
    found, answer = service.transcribe(f"fail {failure}")
    assert (found, answer["error"]["code"]) == (status, code)
    assert "do that" in answer["error"]["message"]
    assert service.folders == []


@SHARED
def test_what_is_no_form(service: Service) -> None:
    assert service.ask("/v1/audio/transcriptions", "POST", b"RIFF")[0] == 415
    assert service.folders == []


def test_a_job_that_somebody_gives_up(service: Service) -> None:
    recording: Field = ("file", "a.wav", b"say one\nrest 30")
    with service.asking("/v1/audio/transcriptions", recording) as client:
        wait_for(service.queue.jobs)
        service.queue.cancel(service.queue.jobs()[0].job)
        assert b" 409 " in read_until(client, b"cancelled")


@pytest.mark.parametrize("commands", [b"say one\nrest 30", b"rest 30", b"say a\nrest 0.01\n" * 999])
@pytest.mark.parametrize("stream", ["true", "false"])
def test_a_client_that_leaves_cancels_its_work(
    service: Service, commands: bytes, stream: str
) -> None:
    recording: Field = ("file", "a.wav", commands)
    with service.asking("/v1/audio/transcriptions", recording, ("stream", stream)):
        wait_for(lambda: [one for one in service.queue.jobs() if one.state is State.RUNNING])
    wait_for(lambda: not service.queue.jobs())
    wait_for(lambda: not service.folders)
    assert service.queue._feeding.jobs == ()
    assert service.queue.figures.ended == {"cancelled": 1}


def test_a_client_that_leaves_while_it_waits(service: Service) -> None:
    service.queue.pause_all(True)
    recording: Field = ("file", "a.wav", b"say one")
    with service.asking("/v1/audio/transcriptions", recording, ("stream", "true")):
        wait_for(service.queue.jobs)
    wait_for(lambda: not service.folders)


def test_a_client_that_leaves_before_its_recording_is_here(service: Service) -> None:
    with service.served.connect() as client:
        head = service.served.head(
            "POST",
            "/v1/audio/transcriptions",
            "Content-Type: multipart/form-data; boundary=x",
            "Content-Length: 1000000",
        )
        client.sendall(
            head + b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' * 1
        )
        wait_for(lambda: service.folders)
    wait_for(lambda: not service.folders)


def streamed(service: Service, content: bytes, count: int) -> list[tuple[str, Any]]:
    recording: Field = ("file", "a.wav", content)
    with service.asking("/v1/audio/transcriptions", recording, ("stream", "true")) as client:
        return events_of(client, count)


@SHARED
def test_a_stream_adds_up(service: Service) -> None:
    content = "rest 0.1\n".join(f"{line}\n" for line in SAID).encode()
    found = [content for _, content in streamed(service, content, 3)]
    assert [one["type"] for one in found] == [
        *("transcript.text.delta", "transcript.text.delta"),
        "transcript.text.done",
    ]
    assert "".join(one["delta"] for one in found[:-1]) == found[-1]["text"] == TEXT
    assert found[-1]["usage"] == {"type": "duration", "seconds": 4}
    wait_for(lambda: not service.folders)


def test_text_is_sent_as_it_comes(service: Service) -> None:
    recording: Field = ("file", "a.wav", b"say one\nrest 30\nsay two")
    with service.asking("/v1/audio/transcriptions", recording, ("stream", "true")) as client:
        assert events_of(client, 1)[0][1]["delta"] == "one"


def test_a_stream_says_nothing_twice_when_the_process_has_died(service: Service) -> None:
    found = [one for _, one in streamed(service, b"say one\nrest 0.1\ndie-once\nsay two", 3)]
    assert [one.get("delta") for one in found] == ["one", " two", None]
    assert found[-1]["text"] == "one two"


@SHARED
def test_an_error_in_a_stream(service: Service) -> None:
    found = streamed(service, b"say one\nrest 0.1\nfail 3 InputError no sound", 2)
    assert found[0][1]["delta"] == "one"
    name, content = found[1]
    assert name == "error"
    assert content["error"]["message"] == "no sound: do that"
    wait_for(lambda: not service.folders)


@SHARED
def test_a_stream_of_other_formats_is_the_whole_answer(service: Service) -> None:
    status, answer = service.transcribe(*SAID, stream="true", response_format="verbose_json")
    assert (status, answer["text"]) == (200, TEXT)


@SHARED
def test_models(service: Service) -> None:
    status, answer = service.ask("/v1/models")
    assert status == 200
    default = service.context.settings.model
    assert answer["object"] == "list"
    expected = {"id": default, "object": "model", "created": 0, "owned_by": "openai"}
    assert answer["data"] == [expected]
    assert service.ask(f"/v1/models/{default}") == (200, expected)
    status, answer = service.ask("/v1/models/gpt-9")
    assert (status, answer["error"]["code"]) == (404, "model_not_found")


@SHARED
def test_subtitle_formats_share_a_batch(service: Service, orders: list[tuple[str, ...]]) -> None:
    for wanted in ("json", "srt", "vtt", "text", "verbose_json"):
        service.transcribe(*SAID, response_format=wanted)
    assert len({*orders}) == 1


def test_clients_take_turns_with_the_page(service: Service) -> None:
    """What waits is told by its place."""
    service.queue.pause_all(True)
    jobs = [service.submit("say one", options={"seed": number}) for number in range(3)]
    shown = json.loads(service.served.ask("/api/jobs").body)["jobs"]
    assert {one["id"]: one["place"] for one in shown} == {job: at for at, job in enumerate(jobs)}
