from __future__ import annotations

import pytest
from live.sounds import transcript

from transcriber.dictation.corrections import Correction
from transcriber.dictation.settings import DictationSettings
from transcriber.dictation.text import added, is_said, written
from transcriber.live.events import Final


def test_pieces_are_joined_and_then_corrected() -> None:
    rules = (Correction(heard="new york", meant="NYC"),)
    settings = DictationSettings(corrections=rules)
    assert written(["I love New", "York."], "en", settings) == "I love NYC."
    assert written([], "", DictationSettings(spoken_commands=True)) == ""


def test_commands_are_carried_out_only_if_wanted() -> None:
    texts = ["Hello.", "New line.", "World."]
    assert written(texts, "en", DictationSettings()) == "Hello. New line. World."
    spoken = DictationSettings(spoken_commands=True)
    assert written(texts, "en", spoken) == "Hello.\nWorld."


@pytest.mark.parametrize(
    ("before", "whole", "new"),
    [
        ("", "Hello.", "Hello."),
        ("Hello.", "Hello. World.", " World."),
        ("Hello.", "Hello.", ""),
        # What was pasted stays, and no word is cut.
        ("Hello.", "Hello, world.", " world."),
        ("Hello.", "Hello\nWorld.", "\nWorld."),
        ("Hello.", "Hello?", ""),
        ("I love New", "I love NYC a lot.", " a lot."),
        ("I love New", "I", ""),
    ],
)
def test_what_is_new(before: str, whole: str, new: str) -> None:
    assert added(before, whole) == new


@pytest.mark.parametrize(("doubt", "said"), [(0.0, True), (0.9, False)])
def test_a_courtesy_that_nobody_said(doubt: float, said: bool) -> None:
    [segment] = transcript(" Thank you for watching!")["segments"]
    segment["no_speech_prob"] = doubt
    text = "Thank you for watching!"
    final = Final(number=0, start=0.0, end=2.0, text=text, language="en", segments=[segment])
    assert is_said(final) is said
