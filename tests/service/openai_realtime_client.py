"""Have OpenAI's own client transcribe live: by committing, by pauses, and what makes no sense.

Its arguments are the address of the service, and a file of samples of 16 bits at 24 kHz. It prints
the types of the events and what was said, as JSON.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai  # type: ignore[import-not-found]

PIECE = 4800
"""Bytes: a tenth of a second."""


def main(address: str, path: str) -> None:
    sound = Path(path).read_bytes()
    client = openai.OpenAI(base_url=address, api_key="none")
    print(json.dumps([converse(client, sound, by) for by in ("commit", "pauses")]))


def converse(client: Any, sound: bytes, by: str) -> dict[str, Any]:
    """Return what is told of a sound."""
    detection = {"type": "server_vad", "silence_duration_ms": 400} if by == "pauses" else None
    heard = {
        "format": {"type": "audio/pcm", "rate": 24000},
        "transcription": {"model": "whisper-1", "language": "en"},
        "turn_detection": detection,
    }
    with client.realtime.connect(extra_query={"intent": "transcription"}) as connection:
        first = connection.recv()
        session = {"type": "transcription", "audio": {"input": heard}}
        connection.session.update(session=session)
        kinds, texts, usages = [first.type, connection.recv().type], [], []
        for at in range(0, len(sound), PIECE):
            audio = base64.b64encode(sound[at : at + PIECE]).decode()
            connection.input_audio_buffer.append(audio=audio)
        if by == "commit":
            connection.input_audio_buffer.commit()
        for event in until_answered(connection):
            kinds.append(event.type)
            if event.type.endswith("transcription.completed"):
                texts.append(event.transcript)
                usages.append(event.usage.seconds)
        connection.input_audio_buffer.append(audio="no base64")
        error = connection.recv()
        assert error.type == "error", error
        assert error.error.type == "invalid_request_error", error
    return {"kinds": kinds, "texts": texts, "usages": usages}


def until_answered(connection: Any) -> Iterator[Any]:
    """Yield events until all that was committed is answered, and nobody speaks."""
    left: set[str] = set()
    for event in connection:
        yield event
        if event.type in ("input_audio_buffer.speech_started", "input_audio_buffer.committed"):
            left.add(event.item_id)
        elif event.type.endswith("transcription.completed"):
            left.discard(event.item_id)
            if not left:
                return
        assert not event.type.endswith("failed"), event


main(*sys.argv[1:])
