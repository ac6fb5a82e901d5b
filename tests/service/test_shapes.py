"""Requests in the forms in which clients send them, written down after what each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from service.conftest import SHARED, Service, told

ADDRESS = "/v1/audio/transcriptions"

TEXT = "Hello there."
SOUND = f"say {TEXT}".encode()


@dataclass(frozen=True)
class Shape:
    """How a client writes a form.

    Each part is the lines of its head without the first words, and its content. ``SOUND`` is the
    recording.
    """

    boundary: str
    parts: Sequence[tuple[str, bytes]]
    headers: Sequence[tuple[str, str]] = ()
    quoted: bool = False
    before: bytes = b""
    behind: bytes = b"\r\n"

    def body(self) -> bytes:
        parts = [
            f"--{self.boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode()
            + content
            + b"\r\n"
            for head, content in self.parts
        ]
        return self.before + b"".join(parts) + f"--{self.boundary}--".encode() + self.behind

    def content_type(self) -> str:
        boundary = f'"{self.boundary}"' if self.quoted else self.boundary
        return f"multipart/form-data; boundary={boundary}"


KEY = (("Authorization", "Bearer sk-none"),)

WAVE = 'name="file"; filename="audio.wav"\r\nContent-Type: audio/wav'

SHAPES = {
    "a browser's recording under a wrong name (Open WebUI)": Shape(
        "d41d8cd98f00b204e9800998ecf8427e",
        [
            ('name="model"', b"whisper-1"),
            ('name="language"', b"en"),
            ('name="file"; filename="blob.wav"\r\nContent-Type: audio/webm;codecs=opus', SOUND),
        ],
        KEY,
    ),
    "a browser's form": Shape(
        "----WebKitFormBoundary7MA4YWxkTrZu0gW",
        [
            ('name="file"; filename="blob"\r\nContent-Type: audio/webm', SOUND),
            ('name="model"', b"whisper-1"),
            ('name="response_format"', b"json"),
        ],
        (("Accept", "*/*"), ("Sec-Fetch-Site", "same-origin")),
    ),
    "a field with a type and a charset (aiohttp)": Shape(
        "b6f8c0d1",
        [
            (
                'name="model"\r\nContent-Type: text/plain; charset=utf-8',
                b"whisper-1",
            ),
            (
                'name="file"; filename="a.wav"; filename*=utf-8\'\'a%20b.wav\r\n'
                "Content-Type: application/octet-stream",
                SOUND,
            ),
        ],
    ),
    "lengths of parts (OkHttp)": Shape(
        "8d7f3c1e-1b2c-4a5d-9e8f-0a1b2c3d4e5f",
        [
            ('name="model"\r\nContent-Length: 9', b"whisper-1"),
            (f"{WAVE}\r\nContent-Length: {len(SOUND)}", SOUND),
        ],
    ),
    "an encoding that is none (old libraries)": Shape(
        "=_Part_1_2", [(f"{WAVE}\r\nContent-Transfer-Encoding: binary", SOUND)], quoted=True
    ),
    "a boundary in quotes (.NET)": Shape(
        "2f0e9c3a-77aa",
        [("name=model", b"whisper-1"), ("name=file; filename=audio.wav", SOUND)],
        quoted=True,
    ),
    "a recording without a name": Shape("x", [('name="file"', SOUND)]),
    "a line break in front, and none behind": Shape(
        "x", [(WAVE, SOUND)], before=b"\r\n", behind=b""
    ),
    "a voice assistant's (Home Assistant)": Shape(
        "a9f1",
        [
            ('name="model"', b"whisper-1"),
            ('name="prompt"', b""),
            ('name="temperature"', b"0.0"),
            ('name="language"', b"en"),
            ('name="response_format"', b"json"),
            (WAVE, SOUND),
        ],
        KEY,
    ),
    "fields that are empty": Shape(
        "x",
        [
            *(
                (f'name="{name}"', b"")
                for name in (
                    *("model", "language", "prompt", "response_format", "temperature", "stream"),
                    *("timestamp_granularities[]", "chunking_strategy", "include[]", "beam_size"),
                    "vad_filter",
                )
            ),
            (WAVE, SOUND),
        ],
    ),
    "words for nothing (scripts of browsers)": Shape(
        "x",
        [
            *(
                (f'name="{name}"', word)
                for name, word in (
                    ("language", b"undefined"),
                    ("prompt", b""),
                    ("response_format", b"undefined"),
                    ("temperature", b"null"),
                    ("chunking_strategy", b"null"),
                )
            ),
            (WAVE, SOUND),
        ],
    ),
}


def sent(service: Service, shape: Shape) -> tuple[int, Any]:
    named = {name.replace("-", "_"): value for name, value in shape.headers}
    answer = service.served.ask(
        ADDRESS, "POST", shape.body(), content_type=shape.content_type(), **named
    )
    return told(answer)


@SHARED
@pytest.mark.parametrize("name", SHAPES)
def test_what_clients_send_is_understood(service: Service, name: str) -> None:
    headers = dict(SHAPES[name].headers)
    if "Sec-Fetch-Site" in headers:
        headers["Origin"] = f"http://{service.served.host}"
    status, answer = sent(service, SHAPES[name])
    assert status == 200, answer
    assert answer == {"text": TEXT, "usage": {"type": "duration", "seconds": 2}}


FORMS: dict[str, tuple[Sequence[tuple[str, str]], set[str]]] = {
    "verbose without granularities": ([("response_format", "verbose_json")], {"segments"}),
    "a granularity of segments": (
        [("response_format", "verbose_json"), ("timestamp_granularities[]", "segment")],
        {"segments"},
    ),
    "both granularities": (
        [
            ("response_format", "verbose_json"),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
        ],
        {"segments", "words"},
    ),
    "both in a list": (
        [("response_format", "verbose_json"), ("timestamp_granularities", '["segment","word"]')],
        {"segments", "words"},
    ),
    "the same one twice": (
        [("response_format", "verbose_json"), *[("timestamp_granularities[]", "word")] * 2],
        {"segments", "words"},
    ),
    "numbered": (
        [("response_format", "verbose_json"), ("timestamp_granularities[0]", "word")],
        {"segments", "words"},
    ),
}


@SHARED
@pytest.mark.parametrize("name", FORMS)
def test_granularities(service: Service, name: str) -> None:
    fields, expected = FORMS[name]
    recording = [(WAVE, SOUND)]
    parts = [(f'name="{field}"', value.encode()) for field, value in fields]
    status, answer = sent(service, Shape("x", [*parts, *recording]))
    assert status == 200, answer
    assert {"segments", "words"} & answer.keys() == expected


@SHARED
@pytest.mark.parametrize("true", ["true", "True", "TRUE", "1"])
@pytest.mark.parametrize("false", ["false", "False", "0"])
def test_booleans_of_json(service: Service, true: str, false: str) -> None:
    parts = [
        ('name="stream"', false.encode()),
        ('name="word_timestamps"', true.encode()),
        ('name="vad_filter"', false.encode()),
        (WAVE, SOUND),
    ]
    status, answer = sent(service, Shape("x", parts))
    assert (status, answer["text"] if status == 200 else answer) == (200, TEXT)
    parts = [('name="stream"', true.encode()), (WAVE, SOUND)]
    status, events = sent(service, Shape("x", parts))
    assert status == 200
    assert "transcript.text.done" in events


@SHARED
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"model": "whisper-1", "file": "UklGRg=="}'),
        ("application/x-www-form-urlencoded", b"model=whisper-1&file=a"),
        ("audio/wav", SOUND),
        ("", SOUND),
    ],
)
def test_what_is_no_form_is_told_so(service: Service, content_type: str, body: bytes) -> None:
    answer = service.served.ask(ADDRESS, "POST", body, content_type=content_type)
    status, content = told(answer)
    assert status == 415
    assert "multipart/form-data" in content["error"]["message"]
    assert service.folders == []
