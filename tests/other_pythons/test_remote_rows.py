"""Windows side by side in a child, which a worker in this process stands in for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from engine.fused.small_models import network, save

from transcriber.engine import openai_whisper
from transcriber.engine.request import Request
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

openai_whisper.load()

from transcriber.other_pythons import framing  # noqa: E402
from transcriber.other_pythons.remote_model import RemoteModel  # noqa: E402
from transcriber.other_pythons.worker import Worker  # noqa: E402

SETTINGS = DecodingSettings(beam_size=None, best_of=2, fp16=False)


class Session:
    """Has a worker answer, with all that is said as text in between."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.asked: list[str] = []

    def request(self, what: str, *, payload: bytes = b"", seconds: Any = None, **said: Any) -> Any:
        self.asked.append(what)
        message = json.loads(framing.pack({"do": what, **said}).decode())
        answer = framing.pack({"result": self.worker.answer(message, payload)})
        return json.loads(answer.decode())["result"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    folder: Path = tmp_path_factory.mktemp("models")
    return save(network(n_audio_layer=1), folder / "mine.pt")


def test_a_batch_in_a_child(stored: StoredModel) -> None:
    session: Any = Session()
    model = RemoteModel(session, stored, device="cpu", settings=SETTINGS)
    assert model.room() == 1
    torch.manual_seed(1)
    asked = [
        Request(
            encoded=model.encode(torch.randn(80, 3000)),
            language="en",
            prompt=[900 + number] * number,
            temperature=temperature,
        )
        for number, temperature in enumerate((0.0, 0.7, 0.0))
    ]
    expected = [
        model.decode(one.encoded, language="en", prompt=one.prompt, temperature=one.temperature)
        for one in asked
    ]
    batch = model.batch(3)
    assert batch.run() == []
    batch.add(5, asked[0])
    batch.add(6, asked[1])
    assert not batch.fits(asked[2])
    found = dict(batch.run())
    # One of them is done, and the other goes on beside the next.
    assert batch.fits(asked[2])
    batch.add(7, asked[2])
    while len(found) < 3:
        found.update(batch.run())
    assert [found[number].tokens for number in (5, 6, 7)] == [one.tokens for one in expected]
    # A message for each run, and none to take a request in.
    assert set(session.asked) == {"load", "encode", "decode", "run"}


def test_a_batch_gets_no_answers_of_another(stored: StoredModel) -> None:
    session: Any = Session()
    model = RemoteModel(session, stored, device="cpu", settings=SETTINGS)
    request = Request(
        encoded=model.encode(torch.zeros(80, 3000)), language="en", prompt=[], temperature=0.0
    )
    longer = Request(encoded=request.encoded, language="en", prompt=[900] * 20, temperature=0.0)
    given_up = model.batch(3)
    given_up.add(0, longer)
    given_up.add(1, request)
    given_up.run()
    batch = model.batch(3)
    batch.add(4, request)
    assert [number for number, _ in batch.run()] == [4]
    assert batch.run() == []


def test_what_is_not_needed_any_more_is_forgotten(stored: StoredModel) -> None:
    session: Any = Session()
    model = RemoteModel(session, stored, device="cpu", settings=SETTINGS)
    first = model.encode(torch.zeros(80, 3000))
    second = model.encode(torch.ones(80, 3000))
    assert len(session.worker._encoded) == 2
    del first
    model.language_probabilities(second)
    assert len(session.worker._encoded) == 1
