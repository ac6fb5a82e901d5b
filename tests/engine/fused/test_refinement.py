from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from transcriber import operators

from .small_models import DIMENSIONS, network, save
from .test_loading import INT8, load

TOKENS = [50258, 17, 400, 51864]


@pytest.fixture
def transparent(tmp_path: Path) -> Any:
    """Return a packed model whose layers add nothing, with its embedding and its positions."""
    if not operators.available():
        pytest.skip("this PyTorch is not ours: it lacks the fused operators")
    model = network(n_text_layer=1)
    block = model.decoder.blocks[0]
    with torch.no_grad():
        # Some tokens are likely, not one alone.
        model.decoder.token_embedding.weight.mul_(0.15)
        for last in (block.attn.out, block.cross_attn.out, block.mlp[2]):
            last.weight.zero_()
            last.bias.zero_()
    stored = save(model, tmp_path / "transparent.pt")
    decoder = model.decoder
    arrays = [
        parameter.detach().float().numpy().astype(np.float64)
        for parameter in (
            decoder.token_embedding.weight,
            decoder.positional_embedding,
            decoder.ln.weight,
            decoder.ln.bias,
        )
    ]
    return load(stored, INT8), *arrays


def test_likely_tokens_have_the_logits_of_the_embedding_as_it_is(transparent: Any) -> None:
    packed, embedding, positions, gain, bias = transparent
    heads = DIMENSIONS["n_text_head"]
    features = torch.zeros(DIMENSIONS["n_audio_ctx"], DIMENSIONS["n_audio_state"])
    window = operators.cross(packed.decoder, features, heads)
    rows = range(len(TOKENS))
    found, _ = operators.forward(packed.decoder, window, heads, TOKENS, rows=rows)
    logits = found.numpy()[:, : len(embedding)]

    x = embedding[TOKENS] + positions[: len(TOKENS)]
    x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    expected = (x * gain + bias) @ embedding.T
    errors = np.abs(logits - expected)
    likely = expected > expected.max(1, keepdims=True) - 9
    assert likely.sum(1).min() > 10
    assert likely.mean() < 0.2
    assert errors[likely].max() < 1e-3
    # Eight bits alone are off by more, so those beyond are told from those within.
    assert 0.05 < errors[~likely].max() < 3


def test_there_is_no_token_beyond_the_embedding(transparent: Any) -> None:
    packed = transparent[0]
    heads = DIMENSIONS["n_text_head"]
    features = torch.zeros(DIMENSIONS["n_audio_ctx"], DIMENSIONS["n_audio_state"])
    window = operators.cross(packed.decoder, features, heads)
    with pytest.raises(RuntimeError, match="no token 51865"):
        operators.forward(packed.decoder, window, heads, [51865], rows=[0])


@pytest.mark.parametrize("pairs", [[(1, 0)], [(0, 2)], [(-1, 0)], [(0, 1), (0, 0), (0, 1)]])
def test_heads_that_are_not_there_are_refused(
    transparent: Any, pairs: list[tuple[int, int]]
) -> None:
    packed = transparent[0]
    heads = DIMENSIONS["n_text_head"]
    features = torch.zeros(DIMENSIONS["n_audio_ctx"], DIMENSIONS["n_audio_state"])
    window = operators.cross(packed.decoder, features, heads)
    with pytest.raises(RuntimeError, match="no head"):
        operators.forward(packed.decoder, window, heads, TOKENS, rows=[0], alignment=pairs)
