"""Windows side by side on PyTorch's own operators, against openai-whisper's decoder."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from engine.fused.small_models import network
from transcriber.engine import openai_whisper
from transcriber.engine.hypothesis import Hypothesis
from transcriber.engine.request import Request
from transcriber.settings import DecodingSettings

openai_whisper.load()

from transcriber.engine.model import WhisperModel  # noqa: E402
from transcriber.engine.rows.batch import RowBatch  # noqa: E402
from transcriber.engine.rows.decoder import RowDecoder  # noqa: E402

GREEDY = DecodingSettings(beam_size=None, best_of=2, fp16=False)
CASES = {
    "greedy": (GREEDY, [0.0]),
    "beams": (replace(GREEDY, beam_size=3), [0.0]),
    "patience": (replace(GREEDY, beam_size=2, patience=2.0, length_penalty=0.7), [0.0]),
    "samples": (GREEDY, [0.6, 1.0]),
    "one sample": (replace(GREEDY, best_of=None), [0.4]),
    "everything": (replace(GREEDY, beam_size=3, temperatures=(0.0, 0.8)), [0.0, 0.8]),
    "nothing suppressed": (replace(GREEDY, suppress_tokens=""), [0.0]),
    "some suppressed": (replace(GREEDY, suppress_tokens="-1,50,900"), [0.0]),
    "translated": (replace(GREEDY, task="translate"), [0.0]),
}
MEMORY = "CUDA out of memory. Tried to allocate 20.00 MiB."


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def whisper_network() -> Any:
    return network(n_audio_layer=1)


def requests(temperatures: Sequence[float], count: int = 5) -> list[Request]:
    """Return requests that differ in all that they can differ in."""
    torch.manual_seed(3)
    turns = zip(itertools.cycle(temperatures), itertools.cycle(["en", "de", "ja"]))
    return [
        Request(
            encoded=torch.randn(1500, 128),
            language=language,
            prompt=[1000 + 7 * token for token in range(5 * number % 27)],
            temperature=temperature,
        )
        for number, (temperature, language) in zip(range(count), turns, strict=False)
    ]


def alone(model: WhisperModel, request: Request) -> Hypothesis:
    return model.decode(
        request.encoded,
        language=request.language,
        prompt=request.prompt,
        temperature=request.temperature,
    )


def run(batch: RowBatch, asked: Sequence[Request]) -> list[Hypothesis]:
    found: dict[int, Hypothesis] = {}
    waiting = list(enumerate(asked))
    while len(found) < len(asked):
        while waiting and batch.fits(waiting[0][1]):
            batch.add(*waiting.pop(0))
        done = batch.run()
        assert done
        assert not {number for number, _ in done} & found.keys()
        found.update(done)
    assert batch.run() == []
    return [found[number] for number in range(len(asked))]


def same(found: Sequence[Hypothesis], expected: Sequence[Hypothesis]) -> None:
    assert [one.tokens for one in found] == [one.tokens for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.avg_logprob == pytest.approx(other.avg_logprob, abs=1e-4)
        assert one.no_speech_prob == pytest.approx(other.no_speech_prob, abs=1e-5)
        assert one.temperature == other.temperature
        assert one.compression_ratio == other.compression_ratio


@pytest.mark.parametrize("case", CASES)
def test_each_window_becomes_what_it_becomes_alone(whisper_network: Any, case: str) -> None:
    settings, temperatures = CASES[case]
    model = WhisperModel(whisper_network, settings)
    asked = requests(temperatures)
    expected = [alone(model, request) for request in asked]
    # They say different things, of different lengths.
    assert len({one.tokens for one in expected}) == len(asked)
    # One that ends makes room for the next.
    same(run(model.batch(3), asked), expected)


def test_a_window_of_samples_takes_the_places_of_others(whisper_network: Any) -> None:
    settings = replace(GREEDY, best_of=3)
    batch = WhisperModel(whisper_network, settings).batch(4)
    plain, sampled = requests([0.0, 0.5], 2)
    assert batch.fits(sampled)
    batch.add(0, plain)
    assert batch.fits(sampled)
    batch.add(1, plain)
    assert not batch.fits(sampled)
    assert batch.fits(plain)
    batch.add(2, plain)
    batch.add(3, plain)
    assert not batch.fits(plain)


@pytest.mark.parametrize("place", ["begin", "step"])
@pytest.mark.parametrize("case", ["greedy", "everything"])
def test_fewer_go_on_where_the_memory_runs_out(
    whisper_network: Any, monkeypatch: pytest.MonkeyPatch, case: str, place: str
) -> None:
    settings, temperatures = CASES[case]
    model = WhisperModel(whisper_network, settings)
    asked = requests(temperatures)
    expected = [alone(model, request) for request in asked]
    method = getattr(RowDecoder, place)
    calls = itertools.count(1)

    def fail(self: RowDecoder, *arguments: Any) -> Any:
        if next(calls) in (3, 7):
            raise RuntimeError(MEMORY)
        return method(self, *arguments)

    monkeypatch.setattr(RowDecoder, place, fail)
    batch = model.batch(4)
    same(run(batch, asked), expected)
    assert batch.windows == 1


def test_memory_that_suffices_for_none_is_told(
    whisper_network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(MEMORY)

    monkeypatch.setattr(RowDecoder, "begin", fail)
    batch = WhisperModel(whisper_network, GREEDY).batch(8)
    batch.add(0, requests([0.0], 1)[0])
    with pytest.raises(RuntimeError, match="out of memory"):
        batch.run()
    assert batch.windows == 1


def test_another_failure_is_told_at_once(
    whisper_network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(RowDecoder, "step", fail)
    batch = WhisperModel(whisper_network, GREEDY).batch(8)
    batch.add(0, requests([0.0], 1)[0])
    with pytest.raises(RuntimeError, match="launch failure"):
        batch.run()
    assert batch.windows == 8


def test_the_audio_lies_there_once_for_all_rows_of_a_window(whisper_network: Any) -> None:
    decoder = RowDecoder(whisper_network, 3, 15, torch.float32)
    assert {len(memory) for memory in decoder._audio_keys} == {3}
    assert {len(memory) for memory in decoder._keys} == {15}


def test_the_processor_has_no_room_of_its_own(whisper_network: Any) -> None:
    assert WhisperModel(whisper_network, GREEDY).room() == 1
