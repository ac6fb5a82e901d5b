"""A model that has to be loaded first was asked for what it cannot do: a defect, or other words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from engine.fused.small_models import network, save

from transcriber import operators
from transcriber.engine.batched import BatchedEngine
from transcriber.engine.local import LocalEngine
from transcriber.errors import UsageError
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

ENGLISH, OLDER, NEWER = 51864, 51865, 51866
"""Sizes of vocabularies."""


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def engines(stored: StoredModel, settings: DecodingSettings) -> list[LocalEngine]:
    found = [LocalEngine(stored, device="cpu", settings=settings)]
    if operators.available():
        found.append(BatchedEngine(stored, settings=settings))
    return found


@pytest.mark.parametrize("language", [None, "en", "de", "yue"])
def test_an_english_model_does_not_translate(tmp_path: Path, language: str | None) -> None:
    stored = save(network(n_vocab=ENGLISH), tmp_path / "mine.pt")
    settings = DecodingSettings(task="translate", language=language)
    for engine in engines(stored, settings):
        with pytest.raises(UsageError, match="the model mine knows English only"):
            engine.prepare()
        # It does not pass the second time either.
        with pytest.raises(UsageError, match="the model mine knows English only"):
            engine.language()


def test_a_language_that_came_later(tmp_path: Path) -> None:
    settings = DecodingSettings(language="yue")
    older = save(network(n_vocab=OLDER), tmp_path / "older.pt")
    for engine in engines(older, settings):
        with pytest.raises(UsageError, match="the model older does not know the language Canton"):
            engine.language()
    newer = save(network(n_vocab=NEWER), tmp_path / "newer.pt")
    for engine in engines(newer, settings):
        assert engine.language().code == "yue"


@pytest.mark.parametrize("task", ["transcribe", "translate"])
@pytest.mark.parametrize("language", ["en", "de", "su"])
def test_what_a_model_can_do_is_done(tmp_path: Path, task: str, language: str) -> None:
    stored = save(network(n_vocab=OLDER), tmp_path / "mine.pt")
    for engine in engines(stored, DecodingSettings(task=task, language=language)):
        assert engine.language().code == language
