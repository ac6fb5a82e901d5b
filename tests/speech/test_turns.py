"""When somebody begins and ends to speak, against the spans of whole recordings."""

from __future__ import annotations

import random

import pytest

from transcriber.speech.changes import Change
from transcriber.speech.network import FRAME
from transcriber.speech.spans import SpeechSettings, find_speech
from transcriber.speech.turns import Turns

SILENCE_MS = 160


def changes(probabilities: list[float]) -> list[Change]:
    turns = Turns(SpeechSettings(min_silence_ms=SILENCE_MS))
    return [turns.take(probability) for probability in probabilities]


@pytest.mark.parametrize("seed", range(40))
def test_it_decides_as_for_whole_recordings(seed: int) -> None:
    chance = random.Random(seed)
    probabilities: list[float] = []
    while len(probabilities) < 500:
        level = chance.choice([0.05, 0.05, 0.3, 0.45, 0.6, 0.95])
        probabilities += [level] * chance.randrange(1, 9)
    probabilities += [0.0] * 10
    settings = SpeechSettings(min_silence_ms=SILENCE_MS - 32, pad_ms=0)
    expected = find_speech(probabilities, FRAME * len(probabilities), settings)
    found, begun, is_speech = [], 0, False
    for number, change in enumerate(changes(probabilities)):
        if change is Change.BEGUN:
            begun, is_speech = number, False
        elif change is Change.SPEECH:
            assert not is_speech
            is_speech = True
        elif change is Change.OVER:
            assert is_speech
            found.append(begun)
        elif change is Change.NOISE:
            assert not is_speech
    assert found == [span.start // FRAME for span in expected]
    assert found


def test_the_end_is_told_with_the_last_frame_of_the_pause() -> None:
    heard = changes([0.9] * 5 + [0.1] * 5 + [0.9])
    assert heard.index(Change.OVER) == 9
    assert heard[10] is Change.BEGUN


def test_a_step_is_no_word() -> None:
    assert changes([0.6] + [0.0] * 5)[-1] is Change.NOISE


def test_what_is_neither_loud_nor_silent_goes_on() -> None:
    assert Change.OVER not in changes([0.9] * 5 + [0.4] * 50)
