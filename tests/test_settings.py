from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np
import pytest

from transcriber.settings import (
    EVERY_FORMAT,
    OUTPUT_FORMATS,
    DecodingSettings,
    fallback_temperatures,
)


def cases() -> Iterator[tuple[float, float]]:
    """Values that people type, and others."""
    for first in range(101):
        for increment in (
            0.01,
            0.03,
            0.05,
            0.1,
            0.15,
            0.2,
            0.25,
            0.3,
            0.4,
            0.5,
            0.7,
            1.0,
            1.5,
            3.0,
        ):
            yield first / 100, increment
    generator = random.Random(1)
    for _ in range(5000):
        yield generator.uniform(0, 1), generator.uniform(0.01, 2)
    for _ in range(1000):
        # Where adding the increment rounds most.
        yield generator.uniform(0, 1e-3), generator.uniform(0.01, 1)
    # Where the last value is within a rounding error of the limit.
    for count in range(1, 60):
        yield 0.0, (1 + 1e-6) / count
        yield 0.0, 1 / count


def test_temperatures_equal_those_of_numpy_to_the_last_bit() -> None:
    for first, increment in cases():
        expected = np.arange(first, 1.0 + 1e-6, increment).tolist()
        actual = fallback_temperatures(first, increment)
        assert [value.hex() for value in actual] == [value.hex() for value in expected], (
            first,
            increment,
        )


def test_temperatures_of_openai_whispers_defaults() -> None:
    assert [round(t, 9) for t in fallback_temperatures(0.0, 0.2)] == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_without_an_increment_there_is_one_temperature() -> None:
    assert fallback_temperatures(0.0, None) == (0.0,)
    assert fallback_temperatures(0.7, None) == (0.7,)


@pytest.mark.parametrize("first", [1.01, 1.5, 10.0])
def test_a_temperature_above_the_limit_is_the_only_one(first: float) -> None:
    assert fallback_temperatures(first, 0.2) == (first,)


def test_temperatures_are_plain_numbers() -> None:
    assert {type(value) for value in fallback_temperatures(0.0, 0.2)} == {float}


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        DecodingSettings().beam_size = 1  # type: ignore[misc]


def test_there_is_no_format_twice() -> None:
    assert EVERY_FORMAT[:5] == OUTPUT_FORMATS
    assert len(set(EVERY_FORMAT)) == len(EVERY_FORMAT) == 11
