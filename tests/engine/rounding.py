"""How exactly results can be compared with openai-whisper's.

Stock PyTorch's matrix products give each element the same bits whatever the size of the product;
those of our own build do not, so that a spectrogram that was made in blocks may differ in the last
bits. `make test` runs these tests on both.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch

EXACT = not torch.__version__.endswith("+whisper.cpu")


def same_bits(actual: torch.Tensor, expected: torch.Tensor) -> bool:
    """Whether two tensors are equal to the last bit."""
    return (
        actual.shape == expected.shape
        and actual.dtype == expected.dtype
        and actual.numpy().tobytes() == expected.contiguous().numpy().tobytes()
    )


def same(actual: torch.Tensor, expected: torch.Tensor) -> bool:
    """Whether two tensors are equal, as far as the products can be."""
    if EXACT or actual.shape != expected.shape:
        return same_bits(actual, expected)
    # Where a band is nearly empty, the rounding of the transform shows in its logarithm.
    return np.allclose(actual.numpy(), expected.numpy(), rtol=0, atol=2e-4)


def same_segment(actual: Mapping[str, object], expected: Mapping[str, object]) -> bool:
    """Whether two segments are equal: words, tokens and times always, probabilities nearly."""
    if EXACT or actual.keys() != expected.keys():
        return actual == expected
    return all(_same_value(name, actual[name], expected[name]) for name in actual)


def _same_value(name: str, actual: object, expected: object) -> bool:
    if name in {"avg_logprob", "no_speech_prob", "probability"}:
        return bool(actual == pytest.approx(expected, rel=1e-3, abs=1e-6))
    if name == "words" and isinstance(actual, list) and isinstance(expected, list):
        return len(actual) == len(expected) and all(map(same_segment, actual, expected))
    return actual == expected
