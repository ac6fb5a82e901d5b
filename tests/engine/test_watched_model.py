"""Answers that no working GPU gives, and memory that runs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from transcriber.engine import openai_whisper
from transcriber.engine.word_request import WordRequest
from transcriber.errors import EngineFailedError, ModelError

openai_whisper.load()

from transcriber.engine.hypothesis import Hypothesis  # noqa: E402
from transcriber.engine.watched_model import WatchedModel  # noqa: E402

ENCODED = torch.arange(12.0).reshape(3, 4)
HYPOTHESIS = Hypothesis(
    tokens=(7, 8), temperature=0.0, avg_logprob=-0.3, compression_ratio=1.1, no_speech_prob=0.01
)
WINDOW = torch.zeros(80, 3000)


class Model:
    """Stands in for a `WhisperModel`; a test replaces what it answers, or has it fail."""

    mels, multilingual, prompt_limit, vocabulary = 80, True, 223, 100

    def __init__(self) -> None:
        self.encoded = ENCODED
        self.hypothesis = HYPOTHESIS
        self.languages = {"en": 0.75, "de": 0.25}
        self.word = {"word": " a", "start": 0.0, "end": 0.5, "probability": 0.9}
        self.errors: list[Exception] = []

    def _answer(self, value: Any) -> Any:
        if self.errors:
            raise self.errors.pop()
        return value

    def encode(self, window: torch.Tensor) -> Any:
        return self._answer(self.encoded)

    def language_probabilities(self, encoded: torch.Tensor) -> Any:
        assert encoded is self.encoded
        return self._answer(self.languages)

    def decode(self, features: Any, **_: Any) -> Any:
        return self._answer(self.hypothesis)

    def add_words(self, segments: list[Any], request: WordRequest) -> None:
        self._answer(None)
        segments[0]["words"] = [self.word]


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return what notes that the allocator was asked to give its memory back."""
    calls: list[bool] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append(True))
    return calls


def watched(model: Any) -> WatchedModel:
    return WatchedModel(model, "cuda:0")


def encode(model: Model) -> Any:
    return watched(model).encode(WINDOW)


def decode(model: Model) -> Any:
    return watched(model).decode(ENCODED, language="en", prompt=[], temperature=0.0)


def detect(model: Model) -> Any:
    probabilities = watched(model).language_probabilities(ENCODED)
    return max(probabilities, key=probabilities.__getitem__)


def align(model: Model) -> Any:
    segments: list[Any] = [{}, {"words": []}]
    request = WordRequest(window=WINDOW, encoded=ENCODED, language="en", frames=10, last_speech=0.0)
    watched(model).add_words(segments, request)
    return segments[0]["words"]


STEPS: list[Callable[[Model], Any]] = [encode, decode, detect, align]


def test_sound_answers_pass(model: Model, emptied: list[bool]) -> None:
    assert encode(model) is ENCODED
    assert decode(model) == HYPOTHESIS
    assert detect(model) == "en"
    assert align(model) == [model.word]
    assert emptied == []


def test_half_precision_passes(model: Model) -> None:
    model.encoded = ENCODED.half()
    assert encode(model) is model.encoded


def with_one(value: float) -> torch.Tensor:
    changed = ENCODED.clone()
    changed[2, 1] = value
    return changed


@pytest.mark.parametrize(
    "garbage",
    [with_one(torch.nan), with_one(torch.inf), torch.zeros(3, 4), torch.ones(3, 4).half()],
)
def test_garbage_of_the_encoder(model: Model, garbage: torch.Tensor) -> None:
    model.encoded = garbage
    with pytest.raises(EngineFailedError, match=r"^cuda:0 failed: it miscalculates the enc"):
        encode(model)


@pytest.mark.parametrize(
    ("field", "value", "what"),
    [
        ("avg_logprob", float("nan"), "the text's probability"),
        ("avg_logprob", 3.0, "the text's probability"),
        ("no_speech_prob", float("nan"), "the probability of silence"),
        ("no_speech_prob", 7.0, "the probability of silence"),
        ("tokens", (7, 100), "the tokens"),
        ("tokens", (-1,), "the tokens"),
    ],
)
def test_garbage_of_the_decoder(model: Model, field: str, value: Any, what: str) -> None:
    model.hypothesis = replace(HYPOTHESIS, **{field: value})
    with pytest.raises(EngineFailedError, match=f"it miscalculates {what}"):
        decode(model)


def test_a_text_that_cannot_be_is_no_failure(model: Model) -> None:
    """The processor's decoder gives that, too, where every token is forbidden."""
    model.hypothesis = replace(HYPOTHESIS, avg_logprob=float("-inf"))
    assert decode(model) == model.hypothesis


@pytest.mark.parametrize("probability", [float("nan"), 0.0])
def test_garbage_of_the_languages(model: Model, probability: float) -> None:
    model.languages = dict.fromkeys(model.languages, probability)
    with pytest.raises(EngineFailedError, match="it miscalculates the languages"):
        detect(model)


@pytest.mark.parametrize("field", ["start", "end", "probability"])
def test_garbage_of_the_alignment(model: Model, field: str) -> None:
    model.word[field] = float("nan")
    with pytest.raises(EngineFailedError, match="it miscalculates the times of the words"):
        align(model)


@pytest.mark.parametrize("step", STEPS)
def test_memory_that_runs_out_once(
    model: Model, step: Callable[[Model], Any], emptied: list[bool]
) -> None:
    model.errors = [torch.OutOfMemoryError("CUDA out of memory. Tried ...")]
    step(model)
    assert emptied == [True]


@pytest.mark.parametrize("step", STEPS)
def test_memory_that_runs_out_again(
    model: Model, step: Callable[[Model], Any], emptied: list[bool]
) -> None:
    model.errors = [torch.OutOfMemoryError("CUDA out of memory. Tried ...") for _ in range(2)]
    with pytest.raises(EngineFailedError, match=r"^cuda:0 failed: out of memory"):
        step(model)
    assert emptied == [True]


@pytest.mark.parametrize("step", STEPS)
def test_other_errors_are_not_tried_again(
    model: Model, step: Callable[[Model], Any], emptied: list[bool]
) -> None:
    model.errors = [RuntimeError("CUDA error: unknown error")]
    with pytest.raises(EngineFailedError, match="unknown error"):
        step(model)
    assert emptied == []


@pytest.mark.parametrize("error", [ModelError("damaged"), MemoryError()])
def test_what_is_not_the_gpus_stays(model: Model, error: Exception) -> None:
    model.errors = [error]
    with pytest.raises(type(error)):
        encode(model)


class Batch:
    """Stands in for a `RowBatch`."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.shrunk = 0

    def run(self) -> Any:
        return [(3, self.model._answer(self.model.hypothesis))]

    def shrink(self) -> bool:
        self.shrunk += 1
        return True


def batch_of(model: Model) -> tuple[WatchedModel, Batch]:
    made = Batch(model)
    model.batch = lambda windows: made  # type: ignore[attr-defined]
    return watched(model), made


def test_windows_side_by_side_are_checked_one_by_one(model: Model) -> None:
    whole, _ = batch_of(model)
    batch = whole.batch(4)
    assert batch.run() == [(3, HYPOTHESIS)]
    model.hypothesis = replace(HYPOTHESIS, tokens=(100,))
    with pytest.raises(EngineFailedError, match="it miscalculates the tokens"):
        batch.run()
    model.errors = [RuntimeError("CUDA error: unspecified launch failure")]
    with pytest.raises(EngineFailedError, match=r"^cuda:0 failed: unspecified launch"):
        batch.run()


def test_the_encoder_gets_the_memory_of_windows(model: Model, emptied: list[bool]) -> None:
    whole, made = batch_of(model)
    whole.batch(4)
    model.errors = [RuntimeError("CUDA out of memory.")]
    assert whole.encode(WINDOW) is ENCODED
    assert (made.shrunk, emptied) == (1, [True])
