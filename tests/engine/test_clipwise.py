"""The clips of one recording side by side, and what goes on where their engine fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine.fused.small_models import network, save
from transcriber import operators
from transcriber.engine import openai_whisper
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.fallback import FallbackEngine
from transcriber.engine.interface import Clip, DecodedWindows, WindowResult
from transcriber.errors import EngineFailedError
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

openai_whisper.load()

from transcriber.engine.rows.batch import RowBatch  # noqa: E402

SETTINGS = DecodingSettings(
    beam_size=None,
    no_speech_threshold=None,
    logprob_threshold=None,
    compression_ratio_threshold=None,
    vad_filter=False,
    batch_size=3,
)
CLIPS: list[Clip] = [(0, 200), (250, 700), (700, 800), (850, 990)]


@pytest.fixture(autouse=True)
def on_pytorch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(operators, "available", lambda: False)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    folder: Path = tmp_path_factory.mktemp("models")
    return save(network(n_audio_layer=1), folder / "mine.pt")


def read(engine: Any) -> None:
    samples = np.random.default_rng(1).normal(size=10 * 16000) * 2000
    engine.read([samples.astype("<i2").tobytes()])
    engine.use_clips(CLIPS)


def tokens(windows: list[WindowResult]) -> list[tuple[int, list[int]]]:
    return [(one.position.clip, s["tokens"]) for one in windows for s in one.segments]


def test_the_windows_of_a_recording_are_told_in_order(model: StoredModel) -> None:
    found = {}
    for size in (1, 3):
        engine = BatchedEngine(model, settings=replace(SETTINGS, batch_size=size))
        read(engine)
        found[size] = list(engine.windows("en", DecodedWindows()))
    clips = [window.position.clip for window in found[3]]
    assert clips == sorted(clips)
    assert set(clips) == {0, 1, 2, 3}
    assert tokens(found[3]) == tokens(found[1])
    # What an earlier run has decoded is not decoded again.
    engine.use_clips(CLIPS)
    done = DecodedWindows(language="en", windows=tuple(found[3][:2]))
    assert tokens(list(engine.windows("en", done))) == tokens(found[3][2:])


def test_a_recording_that_is_given_up_leaves_nothing_to_the_next(model: StoredModel) -> None:
    engine = BatchedEngine(model, settings=SETTINGS)
    read(engine)
    whole = tokens(list(engine.windows("en", DecodedWindows())))
    given_up = engine.windows("en", DecodedWindows())
    # The others have begun by then.
    next(given_up)
    next(given_up)
    given_up.close()  # type: ignore[attr-defined]
    assert tokens(list(engine.windows("en", DecodedWindows()))) == whole


def test_another_engine_goes_on_behind_what_is_told(
    model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = BatchedEngine(model, settings=SETTINGS)
    read(expected)
    whole = list(expected.windows("en", DecodedWindows()))
    told: list[str] = []
    engine = FallbackEngine(
        BatchedEngine(model, settings=SETTINGS),
        lambda: BatchedEngine(model, settings=SETTINGS),
        failed=lambda error, what_now: told.append(what_now),
    )
    read(engine)
    windows = engine.windows("en", DecodedWindows())
    found = [next(windows)]
    run = RowBatch.run

    def fail(self: RowBatch) -> Any:
        monkeypatch.setattr(RowBatch, "run", run)
        raise EngineFailedError("cuda:0 failed: lost")

    monkeypatch.setattr(RowBatch, "run", fail)
    found += windows
    assert len(told) == 1
    assert tokens(found) == tokens(whole)
    assert engine.identity() == expected.identity()
