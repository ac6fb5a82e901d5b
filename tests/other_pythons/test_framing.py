from __future__ import annotations

import io
import json

import numpy as np
import pytest

from transcriber.other_pythons import framing


def test_messages_are_read_as_they_were_packed() -> None:
    messages = [({"id": 1, "do": "encode"}, b"\n\x00{}\n"), ({"id": 2, "text": "a\nß"}, b"")]
    stream = io.BytesIO(b"".join(framing.pack(*message) for message in messages))
    first, second = framing.read(stream), framing.read(stream)
    assert first == ({"id": 1, "do": "encode", "payload": 5}, b"\n\x00{}\n")
    assert second == ({"id": 2, "text": "a\nß"}, b"")
    assert framing.read(stream) is None


def test_a_message_is_one_line() -> None:
    assert framing.pack({"text": "a\nb\u2028c"}).count(b"\n") == 1


def test_numbers_survive_to_the_last_bit() -> None:
    value = -0.1234567890123456789
    packed = framing.pack({"python": value, "double": np.float64(value), "int": np.int64(3)})
    assert framing.parse(packed) == {"python": value, "double": value, "int": 3}
    single = np.float32(0.1)
    assert framing.parse(framing.pack({"single": single})) == {"single": float(single)}


def test_what_was_cut_off_is_no_message() -> None:
    assert framing.read(io.BytesIO(b'{"id": 1}')) is None


@pytest.mark.parametrize("line", [b"hello\n", b"[1]\n", b"1\n", b"\n", b"[" * 100000, b"\xff\n"])
def test_nonsense_is_no_message(line: bytes) -> None:
    with pytest.raises(ValueError):
        framing.parse(line)


def test_the_version_is_a_number() -> None:
    assert json.loads(json.dumps(framing.VERSION)) == framing.VERSION >= 1
