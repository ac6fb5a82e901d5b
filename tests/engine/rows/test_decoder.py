"""The step of many rows, against openai-whisper's decoder on each whole text."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.fused.small_models import network
from transcriber.engine import openai_whisper

openai_whisper.load()

from transcriber.engine.rows.decoder import RowDecoder  # noqa: E402


@pytest.mark.parametrize(
    ("dtype", "error"),
    [
        (torch.float32, 1e-5),
        pytest.param(
            torch.float16,
            2e-2,
            marks=pytest.mark.skipif(
                torch.__version__.endswith("+whisper.cpu"),
                reason="our own PyTorch has no half precision on a processor",
            ),
        ),
    ],
)
def test_rows_of_any_length_and_number(dtype: torch.dtype, error: float) -> None:
    model: Any = network(n_audio_layer=1, n_vocab=51865)
    torch.manual_seed(2)
    audio = torch.randn(3, 1500, 128)
    texts = [[[7, 8, 9]], [[5]] * 3, [[50258, 4, 4, 1, 2]] * 2]
    found: Any
    with torch.no_grad():
        decoder = RowDecoder(model, 3, 6, dtype)

        def check(window: int, text: list[int], logits: Any) -> None:
            expected = model.decoder(torch.tensor([text]), audio[window][None])[0, -1]
            off = (logits.softmax(-1) - expected.softmax(-1)).abs().max()
            assert float(off) < error

        for window, rows in enumerate(texts):
            found = decoder.begin(rows[0], audio[window].to(dtype), len(rows))
            check(window, rows[0], found[-1])

        def step(order: list[int], first: int) -> None:
            rows = [(window, row) for window in order for row in range(len(texts[window]))]
            for number, (window, row) in enumerate(rows):
                texts[window][row] = [*texts[window][row], first + number]
            logits = decoder.step([texts[window][row][-1] for window, row in rows])
            assert logits.dtype == torch.float32
            for (window, row), one in zip(rows, logits, strict=True):
                check(window, texts[window][row], one)

        step([0, 1, 2], 1000)
        # Beams change their places.
        decoder.follow([0, 3, 1, 1, 4, 4])
        texts[1] = [texts[1][2], texts[1][0], texts[1][0]]
        texts[2] = [texts[2][0]] * 2
        step([0, 1, 2], 2000)
        # The last window takes the place of one that has ended.
        decoder.end(0)
        step([2, 1], 3000)
        decoder.end(1)
        step([2], 4000)
