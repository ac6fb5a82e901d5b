from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from reported.works import ScriptedEngine

from transcriber.engine.interface import SpokenLanguage
from transcriber.settings import DecodingSettings, OutputSettings, RunSettings
from transcriber.spoken_language import find_language

WEAK = ", which is a weak guess: --language names the one that is spoken"


def find(found: SpokenLanguage, clips: Any = None, **decoding: Any) -> tuple[str, list[str]]:
    engine: Any = ScriptedEngine(language_found=found)
    engine.clips = clips
    settings = RunSettings(
        inputs=(),
        model_directory=Path(),
        decoding=replace(DecodingSettings(), **decoding),
        output=OutputSettings(),
    )
    return find_language(engine, settings, label="talk.wav", seconds=5.0)


@pytest.mark.parametrize(("probability", "weak"), [(0.3, True), (0.79, True), (0.95, False)])
def test_a_weak_guess_is_told(probability: float, weak: bool) -> None:
    code, (note,) = find(SpokenLanguage(code="de", probability=probability))
    assert code == "de"
    assert note == f"Detected language: German ({probability:.0%}){WEAK * weak}"


def test_what_was_asked_for_is_not_told() -> None:
    assert find(SpokenLanguage(code="de"), language="de") == ("de", [])


def test_a_model_of_another_language() -> None:
    code, (note,) = find(SpokenLanguage(code="en"), language="de")
    assert code == "en"
    assert "knows English only" in note


def test_nothing_to_hear_is_told() -> None:
    english = SpokenLanguage(code="en")
    assert find(english, clips=[])[1] == ["talk.wav: nobody speaks in it"]
    assert find(english, clips=[(0, 100)])[1] == []
    behind = ["talk.wav: --clip_timestamps begins behind its end, 0:05"]
    assert find(english, clips=[], clip_timestamps=(9.0,))[1] == behind
