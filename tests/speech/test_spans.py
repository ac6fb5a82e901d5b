from __future__ import annotations

import pytest

from transcriber.speech.network import FRAME
from transcriber.speech.spans import Span, SpeechSettings, find_speech

SECOND = 16000
FRAMES = 1000
"""Of the recordings here: 32 s."""


def heard(*spans: tuple[int, int], quiet: float = 0.0, loud: float = 1.0) -> list[float]:
    """Return probabilities of frames, which are high from one frame to another."""
    found = [quiet] * FRAMES
    for start, end in spans:
        found[start:end] = [loud] * (end - start)
    return found


def frames(found: list[Span]) -> list[tuple[float, float]]:
    return [(span.start / FRAME, span.end / FRAME) for span in found]


BARE = SpeechSettings(min_silence_ms=320, pad_ms=0)
"""Ten frames."""


def test_silence_has_none() -> None:
    assert find_speech(heard(), FRAMES * FRAME, BARE) == []
    assert find_speech([], 0, BARE) == []


def test_speech_ends_where_the_pause_begins() -> None:
    found = find_speech(heard((100, 200), (300, 400)), FRAMES * FRAME, BARE)
    assert frames(found) == [(100, 200), (300, 400)]


@pytest.mark.parametrize(("pause", "parts"), [(9, 1), (10, 1), (11, 2)])
def test_a_short_pause_is_speech(pause: int, parts: int) -> None:
    found = find_speech(heard((100, 200), (200 + pause, 300)), FRAMES * FRAME, BARE)
    assert len(found) == parts


def test_speech_at_the_end_ends_with_the_recording() -> None:
    samples = FRAMES * FRAME - 100
    found = find_speech(heard((0, 50), (990, 1000)), samples, BARE)
    assert [(span.start, span.end) for span in found] == [(0, 50 * FRAME), (990 * FRAME, samples)]


def test_what_has_begun_may_fall_below_the_threshold() -> None:
    for between, parts in ((0.4, 1), (0.34, 2)):
        found = heard((100, 200), (300, 400), quiet=between)
        assert len(find_speech(found, FRAMES * FRAME, BARE)) == parts


def test_the_threshold() -> None:
    found = heard((100, 200), loud=0.6)
    assert find_speech(found, FRAMES * FRAME, SpeechSettings(threshold=0.7, pad_ms=0)) == []
    assert len(find_speech(found, FRAMES * FRAME, SpeechSettings(threshold=0.6, pad_ms=0))) == 1


def test_what_is_heard_around_it() -> None:
    settings = SpeechSettings(min_silence_ms=320, pad_ms=640)
    found = find_speech(heard((10, 50), (200, 300), (320, 400)), FRAMES * FRAME, settings)
    # 20 frames; less at the beginning; neighbours share a pause that is shorter than both.
    assert frames(found) == [(0, 70), (180, 310), (310, 420)]


@pytest.mark.parametrize(
    ("span", "shared"),
    [
        ((12, 18), (12, 18)),
        ((10, 20), (10, 20)),
        ((5, 12), (10, 12)),
        ((18, 25), (18, 20)),
        ((5, 25), (10, 20)),
        ((5, 10), None),
        ((20, 25), None),
        ((1, 2), None),
        ((15, 15), None),
    ],
)
def test_what_is_within_another(span: tuple[int, int], shared: tuple[int, int] | None) -> None:
    one, other = (Span(start=start, end=end) for start, end in (span, (10, 20)))
    expected = None if shared is None else Span(start=shared[0], end=shared[1])
    assert one.within(other) == expected
    assert other.within(one) == expected


@pytest.mark.parametrize(
    ("length", "loud", "words"),
    [(1, 1.0, 0), (2, 1.0, 0), (3, 0.89, 0), (3, 0.9, 1), (4, 0.89, 0), (5, 0.5, 1)],
)
def test_a_step_or_a_snore_is_no_word(length: int, loud: float, words: int) -> None:
    for start in (100, FRAMES - length):
        probabilities = heard((start, start + length), (500, 600), loud=loud)
        found = find_speech(probabilities, FRAMES * FRAME, BARE)
        assert len(found) == words + 1
        assert (500, 600) in frames(found)
