from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from engine.rounding import same
from transcriber.engine import openai_whisper
from transcriber.engine.shared_attention import share_audio

openai_whisper.load()
from whisper.model import MultiHeadAttention, TextDecoder, disable_sdpa  # noqa: E402

STATE, HEADS, AUDIO, VOCABULARY = 64, 4, 150, 100


@pytest.fixture(scope="module")
def decoders() -> tuple[Any, Any]:
    """Return two decoders with the same random weights; the second one shares."""
    torch.manual_seed(1)
    plain = TextDecoder(VOCABULARY, 20, STATE, HEADS, 2).eval()
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    shared = copy.deepcopy(plain)
    share_audio(shared)
    return plain, shared


@pytest.fixture(autouse=True)
def without_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


@pytest.mark.parametrize("tokens", [1, 7])
@pytest.mark.parametrize(("hypotheses", "recordings"), [(1, 1), (2, 1), (5, 1), (5, 5)])
def test_the_same_probabilities(
    decoders: tuple[Any, Any], tokens: int, hypotheses: int, recordings: int
) -> None:
    plain, shared = decoders
    text = torch.tensor(
        [[(7 * h + 3 * t) % VOCABULARY for t in range(tokens)] for h in range(hypotheses)]
    )
    audio = torch.randn(recordings, AUDIO, STATE)
    expected, found = (decoder(text, audio).softmax(-1) for decoder in (plain, shared))
    assert torch.allclose(found, expected, rtol=0, atol=1e-6)


def test_the_audio_is_not_copied_for_each_hypothesis(
    decoders: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    attend = MultiHeadAttention.qkv_attention

    def watch(self: Any, q: Any, k: Any, v: Any, mask: Any = None) -> Any:
        if k.shape[1] == AUDIO:
            seen.append((len(q), len(k)))
        return attend(self, q, k, v, mask)

    monkeypatch.setattr(MultiHeadAttention, "qkv_attention", watch)
    plain, shared = decoders[0], copy.deepcopy(decoders[0])
    share_audio(shared)
    for decoder in (plain, shared):
        decoder(torch.zeros(5, 1, dtype=torch.long), torch.randn(1, AUDIO, STATE))
    assert seen == [(5, 1)] * 2 + [(1, 1)] * 2


def test_weights_are_there_where_they_are_asked_for(decoders: tuple[Any, Any]) -> None:
    text, audio = torch.zeros(1, 3, dtype=torch.long), torch.randn(1, AUDIO, STATE)
    seen: list[list[Any]] = []
    for decoder in decoders:
        found: list[Any] = []
        hooks = [
            block.cross_attn.register_forward_hook(
                lambda _, __, out, found=found: found.append(out[1])
            )
            for block in decoder.blocks
        ]
        with disable_sdpa():
            decoder(text, audio)
        for hook in hooks:
            hook.remove()
        seen.append(found)
    assert [weights.shape for weights in seen[1]] == [(1, HEADS, 3, AUDIO)] * 2
    assert all(map(same, seen[1], seen[0]))
