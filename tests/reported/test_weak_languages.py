"""A language that is guessed from silence or music says how weak the guess is."""

from __future__ import annotations

from pathlib import Path

import media
import pytest

from reported.works import ScriptedEngine, transcribe
from transcriber.engine.interface import SpokenLanguage


def note(tmp_path: Path, code: str, probability: float | None) -> str:
    talk = media.write_wav(tmp_path / "talk.wav", seconds=3)
    found = SpokenLanguage(code=code, probability=probability)
    return transcribe(talk, tmp_path / "out", ScriptedEngine(language_found=found)).text


# What the model base makes of silence, a mix with silence before it, rain, and a piano.
@pytest.mark.parametrize(
    ("code", "probability", "told"),
    [
        ("en", 0.3625, "English (36%)"),
        ("la", 0.38, "Latin (38%)"),
        ("nn", 0.71, "Nynorsk (71%)"),
        ("si", 0.57, "Sinhala (57%)"),
    ],
)
def test_a_weak_guess_is_told(tmp_path: Path, code: str, probability: float, told: str) -> None:
    assert note(tmp_path, code, probability) == (
        f"Detected language: {told}, which is a weak guess: --language names the one that is spoken"
    )


@pytest.mark.parametrize("probability", [0.81, 0.97, 1.0])
def test_a_strong_one_is_no_guess(tmp_path: Path, probability: float) -> None:
    assert note(tmp_path, "de", probability) == f"Detected language: German ({probability:.0%})"


def test_what_was_not_guessed_is_not_told(tmp_path: Path) -> None:
    assert note(tmp_path, "en", None) == ""
