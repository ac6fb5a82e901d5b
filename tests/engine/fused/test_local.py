"""The engine of this process, on the fused operators."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from transcriber import operators
from transcriber.engine import openai_whisper
from transcriber.engine.interface import PLAIN_KERNELS, DecodedWindows
from transcriber.engine.local import LocalEngine
from transcriber.models.stored import StoredModel
from transcriber.settings import DecodingSettings

openai_whisper.load()

from transcriber.engine.model import WhisperModel  # noqa: E402

from .small_models import network, save  # noqa: E402

SETTINGS = DecodingSettings(
    beam_size=None,
    no_speech_threshold=None,
    logprob_threshold=None,
    compression_ratio_threshold=None,
    word_timestamps=True,
)


def engine(model: StoredModel, **changes: Any) -> LocalEngine:
    return LocalEngine(model, device="cpu", settings=replace(SETTINGS, **changes))


def noise(seconds: int) -> bytes:
    samples = np.random.default_rng(seconds).normal(size=seconds * 16000) * 2000
    return bytes(samples.astype("<i2").tobytes())


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    ("compute_type", "seconds", "shared"),
    [("auto", 5, True), ("float32", 5, False), ("bfloat16", 40, True), ("float32", 40, True)],
)
def test_the_first_window_tells_the_language(
    model: StoredModel, encoded: list[Any], compute_type: str, seconds: int, shared: bool
) -> None:
    found = engine(model, compute_type=compute_type)
    assert found.read([noise(seconds)]) == seconds
    language = found.language()
    assert language.probability is not None
    assert 1 / 99 < language.probability <= 1
    assert len(encoded) == 1
    next(found.windows(language.code, DecodedWindows()))
    # With openai-whisper's digits, silence follows a short recording where the language is told.
    assert len(encoded) == (1 if shared else 2)
    found.close()


@pytest.mark.usefixtures("either")
def test_what_computes() -> None:
    best = operators.capability()
    stored = StoredModel(name="n", path=Path("missing"), sha256="0", size=1, origin="openai")
    assert engine(stored).identity() == engine(stored, compute_type="float32").identity()
    gpu = LocalEngine(stored, device="cuda:0", settings=SETTINGS)
    assert gpu.kernels() == ""
    assert best


@pytest.mark.usefixtures("either")
def test_an_unfinished_run_has_its_kernels(model: StoredModel) -> None:
    best = operators.capability()
    found = engine(model, compute_type="int8")
    found.use_kernels("int8 default")
    assert found.kernels() == "int8 default"
    assert operators.capability() == "default"
    loaded = found._loaded
    found.use_kernels("")
    assert found.kernels() == f"int8 {best}"
    assert operators.capability() == best
    # The same weights serve both.
    assert best == "amx" or found._loaded is loaded


@pytest.mark.usefixtures("reference")
def test_other_weights_are_loaded_for_other_kernels(
    model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to = ["amx"]

    def choose(name: str) -> bool:
        set_to[:] = [name]
        return True

    monkeypatch.setattr(operators, "capability", lambda: set_to[0])
    monkeypatch.setattr(operators, "set_capability", choose)
    found = engine(model)
    assert found.kernels() == "int8 amx"
    loaded = found._loaded
    found.use_kernels("int8 avx2")
    assert found.kernels() == "int8 avx2"
    assert found._loaded is not loaded


@pytest.mark.usefixtures("either")
def test_other_widths_are_computed_by_openai_whispers_network(tmp_path: Path) -> None:
    found = engine(save(network(n_text_head=4, n_audio_layer=1), tmp_path / "odd.pt"))
    assert found.kernels() == PLAIN_KERNELS
    assert isinstance(found._loaded, WhisperModel)
    found.use_kernels("int8 avx2")
    assert found.kernels() == PLAIN_KERNELS


def test_without_the_operators_openai_whispers_network_computes(
    model: StoredModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operators, "available", lambda: False)
    found = engine(model, compute_type="int8")
    found.use_kernels("int8 avx2")
    assert found.kernels() == PLAIN_KERNELS
    assert isinstance(found._loaded, WhisperModel)
    found.read([noise(2)])
    assert found.language().probability
