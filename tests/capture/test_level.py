from __future__ import annotations

from array import array

import pytest

from transcriber.capture.level import peak


@pytest.mark.parametrize(
    ("samples", "loud"),
    [([], 0.0), ([0, 0], 0.0), ([1, -16384, 2], 0.5), ([16384, -1], 0.5), ([-32768], 1.0)],
)
def test_the_loudest_sample_counts(samples: list[int], loud: float) -> None:
    assert peak(array("h", samples).tobytes()) == loud
