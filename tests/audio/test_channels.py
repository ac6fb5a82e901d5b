"""The mix of two channels, mended where they cancel each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from transcriber.audio.channels import Channels

Samples = NDArray[np.int16]


@pytest.fixture
def sound() -> Samples:
    return np.random.default_rng(1).integers(-9000, 9000, 16000).astype(np.int16)


def mended(
    left: Samples, right: Samples, mix: Samples, step: int = 5000
) -> tuple[Samples, Channels]:
    """Mend a mix; it and the channels come in pieces of other lengths."""
    channels = Channels("a")
    pair = np.stack([left, right], 1).tobytes()

    def pieces() -> Iterator[bytes]:
        data = mix.tobytes()
        fed = 0
        for start in range(0, len(data), step):
            channels.feed(pair[fed : fed + 7000])
            fed += 7000
            yield data[start : start + step]
        channels.feed(pair[fed:])

    return np.frombuffer(b"".join(channels.mend(pieces())), "<i2"), channels


def test_in_phase_nothing_changes(sound: Samples) -> None:
    result, channels = mended(sound, sound, sound)
    assert np.array_equal(result, sound)
    assert channels.notes() == []


def test_upside_down_the_difference_is_heard(sound: Samples) -> None:
    result, channels = mended(sound, -sound, np.zeros_like(sound))
    assert np.array_equal(result, sound)
    assert channels.notes() == [
        "a: its channels cancel each other out for 1.0 s; there, their difference was read"
    ]


@pytest.mark.parametrize("count", [1, 3199, 3200, 3201, 15999])
def test_any_length(count: int, sound: Samples) -> None:
    part = sound[:count]
    assert np.array_equal(mended(part, -part, np.zeros_like(part))[0], part)


def test_a_pause_in_it_is_a_part_of_it(sound: Samples) -> None:
    quiet = sound.copy()
    quiet[6400:9600] //= 300
    result, _ = mended(quiet, -quiet, np.zeros_like(quiet))
    assert np.array_equal(result, quiet)


def test_noise_of_a_codec_is_no_sound(sound: Samples) -> None:
    faint = (sound // 300).astype(np.int16)
    result, channels = mended(faint, -faint, np.zeros_like(faint))
    assert not result.any()
    assert channels.notes() == []


def test_where_the_channels_are_missing_the_mix_is_kept(sound: Samples) -> None:
    channels = Channels("a")
    assert b"".join(channels.mend([sound.tobytes()])) == sound.tobytes()
