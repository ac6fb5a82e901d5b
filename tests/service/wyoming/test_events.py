"""Events of Wyoming as they go over the line."""

from __future__ import annotations

import io
import json

import pytest

from transcriber.service.wyoming.events import Event, ProtocolError, encoded, read_event


def line(**head: object) -> bytes:
    return json.dumps(head).encode() + b"\n"


@pytest.mark.parametrize(
    "event",
    [
        Event(kind="describe"),
        Event(kind="transcribe", data={"language": "de", "name": "日本語"}),
        Event(kind="audio-chunk", data={"rate": 16000}, payload=b"\0\n\xff" * 1000),
    ],
)
def test_what_is_sent_is_read(event: Event) -> None:
    stream = io.BytesIO(encoded(event) + encoded(Event(kind="ping")))
    assert read_event(stream) == event
    assert read_event(stream) == Event(kind="ping")
    assert read_event(stream) is None


def test_data_may_stand_in_the_line_and_behind_it() -> None:
    found = read_event(
        io.BytesIO(line(type="x", data={"a": 1, "b": 1}, data_length=8) + b'{"b": 2}')
    )
    assert found == Event(kind="x", data={"a": 1, "b": 2})


@pytest.mark.parametrize(
    "content",
    [
        b"hello\n",
        b"[]\n",
        b"{}\n",
        b'{"type": 1}\n',
        b'{"type": "x"}',
        b'{"type": "' + b"x" * (1 << 17) + b'"}\n',
        b'{"a": ' * 100_000 + b"\n",
        line(type="x", data=[]) + b"",
        line(type="x", data_length=-1),
        line(type="x", data_length="1") + b"1",
        line(type="x", data_length=1 << 40),
        line(type="x", data_length=2) + b"[]",
        line(type="x", data_length=20) + b"{}",
        line(type="x", payload_length=1 << 21),
        line(type="x", payload_length=3) + b"ab",
        line(type="x", payload_length=1.5) + b"ab",
    ],
)
def test_what_is_no_event_is_refused(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        for _ in range(2):
            read_event(io.BytesIO(content))
        pytest.fail("it was read")
