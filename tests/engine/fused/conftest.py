from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from transcriber.engine import openai_whisper
from transcriber.models.stored import StoredModel

openai_whisper.load()

from transcriber import operators  # noqa: E402
from transcriber.engine.fused.model import FusedModel  # noqa: E402

from . import reference_operators  # noqa: E402
from .small_models import network, save  # noqa: E402


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads would wait for each other longer than they compute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the operators in plain PyTorch into the place of the real ones."""
    monkeypatch.setattr(operators, "call", reference_operators.call)
    monkeypatch.setattr(reference_operators, "_current", ["avx2"])
    operators.best_capability.cache_clear()
    yield
    operators.best_capability.cache_clear()


@pytest.fixture
def computing_reference(reference: None) -> None:
    """Have them compute, too, for which our own PyTorch has too little."""
    if torch.__version__.endswith("+whisper.cpu"):
        pytest.skip("the stand-ins compute on stock PyTorch only")


@pytest.fixture(params=["reference", "native"])
def either(request: pytest.FixtureRequest) -> None:
    """Run a test with the operators in plain PyTorch, and with the real ones where they are."""
    if request.param == "reference":
        request.getfixturevalue("computing_reference")
    elif not operators.available():
        pytest.skip("this PyTorch is not ours: it lacks the fused operators")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return save(network(n_audio_layer=1), tmp_path_factory.mktemp("models") / "mine.pt")


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the windows that go through the encoder."""
    windows: list[Any] = []
    encode = FusedModel.encode

    def count(self: FusedModel, window: Any) -> Any:
        windows.append(window)
        return encode(self, window)

    monkeypatch.setattr(FusedModel, "encode", count)
    return windows
