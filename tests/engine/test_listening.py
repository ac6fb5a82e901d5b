"""What is decoded of a recording, with a network that takes whatever is loud for speech."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from transcriber.engine import openai_whisper
from transcriber.engine.interface import Clip
from transcriber.settings import DecodingSettings
from transcriber.speech.network import CONTEXT, FRAME
from transcriber.speech.weights import Array

openai_whisper.load()

from transcriber.engine.listening import Listener  # noqa: E402

RATE = 16000
SETTINGS = DecodingSettings(vad_min_silence_ms=320, vad_speech_pad_ms=0)


class Loud:
    """Hears speech as probably as it is loud."""

    def listen(self, samples: Array) -> Array:
        frames = samples[CONTEXT:].reshape(-1, FRAME)
        loudness: Array = np.minimum(4 * np.abs(frames).mean(1), 1).astype(np.float32)
        return loudness

    def forget(self) -> None:
        pass


def recording(seconds: float, *speech: tuple[float, float], loudness: int = 9000) -> bytes:
    samples = np.zeros(round(seconds * RATE), "<i2")
    for start, end in speech:
        samples[round(start * RATE) : round(end * RATE)] = loudness
    return samples.tobytes()


def clips(
    content: bytes, within: Sequence[Clip] | None = None, block: int = 10**9, **changes: Any
) -> list[Clip]:
    settings = DecodingSettings(**{**vars(SETTINGS), **changes})
    listener = Listener(settings, Loud())
    blocks = [content[at : at + block] for at in range(0, len(content), block)]
    assert list(listener.listen(blocks)) == blocks
    if within is None:
        within = [(0, len(content) // 2 // 160)]
    return listener.clips(within)


# Frames of the detector are 3.2 of the spectrogram.
SLIP = 4
TALK = recording(60, (2, 24), (26, 40), (45, 50))


def close(found: Sequence[Clip], expected: Sequence[Clip]) -> bool:
    return len(found) == len(expected) and all(
        abs(mine - theirs) <= SLIP
        for one, other in zip(found, expected, strict=True)
        for mine, theirs in zip(one, other, strict=True)
    )


@pytest.mark.parametrize("block", [1000, 33334, 10**9])
def test_only_speech_is_decoded(block: int) -> None:
    assert close(clips(TALK, block=block), [(200, 2400), (2600, 5000)])


def test_speech_is_heard_with_what_is_around_it() -> None:
    content = recording(20, (5, 10))
    assert close(clips(content, vad_speech_pad_ms=400), [(460, 1040)])


@pytest.mark.parametrize(("threshold", "found"), [(0.3, 1), (0.5, 0)])
def test_the_threshold_is_that_of_the_settings(threshold: float, found: int) -> None:
    content = recording(20, (5, 10), loudness=3300)
    assert len(clips(content, vad_threshold=threshold)) == found


@pytest.mark.parametrize(("silence", "found"), [(320, 2), (3000, 1)])
def test_a_pause_is_as_long_as_the_settings_have_it(silence: int, found: int) -> None:
    # Together they are too long for a window.
    content = recording(60, (0, 21), (23, 45))
    assert len(clips(content, vad_min_silence_ms=silence)) == found


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ([(0, 6000)], [(200, 2400), (2600, 5000)]),
        ([(1000, 3000)], [(1000, 3000)]),
        ([(1000, 2500)], [(1000, 2400)]),
        ([(500, 700), (2700, 2800), (4700, 6000)], [(500, 700), (2700, 2800), (4700, 5000)]),
        ([(0, 100), (5100, 6000)], []),
        ([], []),
        ([(300, 300)], []),
    ],
)
def test_clips_are_within_what_the_user_wants(within: list[Clip], expected: list[Clip]) -> None:
    found = clips(TALK, within)
    assert close(found, expected)
    for start, end in found:
        assert any(first <= start < end <= last for first, last in within)


@pytest.mark.parametrize(
    ("within", "count"), [([(0, 6000)], 2), ([(1000, 3000)], 1), ([(0, 2500), (3000, 6000)], 2)]
)
def test_without_the_filter_nothing_is_left_out(within: list[Clip], count: int) -> None:
    found = clips(TALK, within, vad_filter=False)
    assert len(found) == count
    for first, last in within:
        inside = [clip for clip in found if first <= clip[0] and clip[1] <= last]
        assert inside[0][0] == first
        assert inside[-1][1] == last
        # Frames at a cut may belong to both sides.
        assert all(0 <= before[1] - after[0] <= 1 for before, after in pairwise(inside))


def test_it_is_cut_in_the_pause_without_the_filter() -> None:
    (_, end), *_ = clips(TALK, vad_filter=False)
    assert 2400 + SLIP < end < 2600 - SLIP


def test_nobody_speaks() -> None:
    assert clips(recording(40)) == []
    assert clips(b"") == []
    assert clips(recording(40), vad_filter=False) == [(0, 4000)]


@pytest.mark.parametrize("seconds", [5, 5.001, 5.0099, 29.995, 31.2345])
@pytest.mark.parametrize("vad_filter", [True, False, None])
def test_the_last_clip_ends_with_the_recording(seconds: float, vad_filter: bool | None) -> None:
    content = recording(seconds, (3, seconds))
    frames = len(content) // 2 // 160
    found = clips(content, [(0, frames)], vad_filter=vad_filter)
    assert found[-1][1] == frames
