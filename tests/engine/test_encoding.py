from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn.functional import pad

from transcriber.engine.encoding import WindowEncoder


class Features:
    """Each frame holds its number."""

    def window(self, start: int, frames: int) -> torch.Tensor:
        numbers = torch.arange(start, start + frames, dtype=torch.float32).expand(80, frames)
        return pad(numbers, (0, 3000 - frames))


class Model:
    """Notes the first frame and the length of what it encodes."""

    def __init__(self) -> None:
        self.encoded: list[tuple[int, int]] = []

    def encode(self, mel: torch.Tensor) -> Any:
        assert mel.is_contiguous()
        self.encoded.append((int(mel[0, 0]), mel.shape[1]))
        return object()


@pytest.fixture
def model() -> Model:
    return Model()


def encoder(model: Any, slack: int | None) -> WindowEncoder:
    features: Any = Features()
    return WindowEncoder(model, features, slack)


@pytest.mark.parametrize(
    ("slack", "frames", "length"),
    [
        (None, 3000, 3000),
        (None, 100, 3000),
        (200, 1, 256),
        (200, 56, 256),
        (200, 57, 320),
        (200, 2744, 2944),
        (200, 2745, 3000),
        (200, 2900, 3000),
        (200, 3000, 3000),
        (0, 64, 64),
    ],
)
def test_some_silence_follows_what_is_encoded(
    model: Model, slack: int | None, frames: int, length: int
) -> None:
    window = encoder(model, slack).encode(7, frames)
    assert model.encoded == [(7, length)]
    assert window.whole is (length == 3000)
    # Words are timed in all of it.
    assert window.mel.shape == (80, 3000)


def test_a_window_is_encoded_once(model: Model) -> None:
    windows = encoder(model, 200)
    first = windows.encode(0, 500)
    assert windows.encode(0, 500) is first
    assert len(model.encoded) == 1


@pytest.mark.parametrize("other", [(0, 600), (100, 500)])
def test_another_window_is_another(model: Model, other: tuple[int, int]) -> None:
    windows = encoder(model, 200)
    first = windows.encode(0, 500)
    second = windows.encode(*other)
    assert second is not first
    assert len(model.encoded) == 2
    # Only the last one is kept.
    assert windows.encode(0, 500) is not first
    assert len(model.encoded) == 3


def test_it_is_encoded_again_as_a_whole(model: Model) -> None:
    windows = encoder(model, 200)
    part = windows.encode(0, 500)
    whole = windows.encode(0, 500, whole=True)
    assert model.encoded == [(0, 704), (0, 3000)]
    assert (part.whole, whole.whole) == (False, True)
    assert whole.encoded is not part.encoded
    # The whole serves where a part would do.
    assert windows.encode(0, 500) is whole
    assert windows.encode(0, 500, whole=True) is whole
    assert len(model.encoded) == 2


@pytest.mark.parametrize(("slack", "frames"), [(None, 500), (200, 3000)])
def test_what_was_whole_is_not_encoded_again(model: Model, slack: int | None, frames: int) -> None:
    windows = encoder(model, slack)
    first = windows.encode(0, frames)
    assert windows.encode(0, frames, whole=True) is first
    assert len(model.encoded) == 1
