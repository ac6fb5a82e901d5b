"""OpenAI's own client, unchanged, that transcribes live: with the program, a model and speech."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands.test_serve import serving
from speech.heard import samples_of
from utterance import Utterance

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CLIENT_VARIABLE = "TRANSCRIBER_OPENAI_PYTHON"

SPOKEN = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]
COMMITTED = ["input_audio_buffer.committed", "conversation.item.added", "conversation.item.done"]
BEGUN = ["session.created", "session.updated"]
COMPLETED = "conversation.item.input_audio_transcription.completed"
DELTA = "conversation.item.input_audio_transcription.delta"


@pytest.fixture
def python() -> str:
    """Return a Python that has OpenAI's client with what it needs for WebSockets."""
    found = os.environ.get(CLIENT_VARIABLE, sys.executable)
    wanted = [found, "-c", "import openai, websockets"]
    if subprocess.run(wanted, capture_output=True, check=False).returncode:
        pytest.skip(f"{CLIENT_VARIABLE} names no Python with the packages openai and websockets")
    return found


def test_openais_own_client(
    tmp_path: Path, models: Path, utterances: list[Utterance], python: str
) -> None:
    utterance = utterances[0]
    samples = samples_of(utterance.path)
    # At 24 kHz, with a pause behind it.
    at = np.arange(0, len(samples), 16000 / 24000)
    louder = np.interp(at, np.arange(len(samples)), samples) * 32767
    sound = tmp_path / "sound.pcm"
    sound.write_bytes(louder.astype("<i2").tobytes() + bytes(48000))
    model = ("--model=tiny.en", f"--model_dir={models}", "--device=cpu", "--offline")
    client = Path(__file__).with_name("openai_realtime_client.py")
    with serving(tmp_path / "data", *model) as server:
        done = subprocess.run(
            # Beside the client lies a folder that is called http.
            [python, "-P", str(client), f"http://127.0.0.1:{server.port}/v1", str(sound)],
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
            env={**os.environ, "PYTHONPATH": ""},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert not server.folders
    assert not any("Traceback" in line for line in server.lines), server.lines
    committed, paused = json.loads(done.stdout)
    assert committed["kinds"] == [*BEGUN, *COMMITTED, DELTA, COMPLETED]
    assert committed["usages"] == [np.ceil(sound.stat().st_size / 48000)]
    assert paused["kinds"][:4] == [*BEGUN, *SPOKEN]
    count = len(paused["texts"])
    assert [paused["kinds"].count(kind) for kind in (*SPOKEN, *COMMITTED, COMPLETED)] == [count] * 6
    # It is what was said, however it was cut.
    spoken = words(utterance.reference)
    for told in (committed, paused):
        found = words(" ".join(told["texts"]))
        assert len(found & spoken) >= 0.8 * len(spoken), told["texts"]


def words(text: str) -> set[str]:
    return {"".join(filter(str.isalnum, word)) for word in text.lower().split()}
