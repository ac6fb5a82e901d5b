"""Which language a recording is in, and what is to be said about that."""

from __future__ import annotations

from transcriber.engine.interface import Engine
from transcriber.languages import language_name
from transcriber.settings import RunSettings
from transcriber.times import clock

_SURE = 0.8
"""Silence, noise and music are taken for some language, too: with up to 0.7 for all that was tried.
Where somebody speaks clearly it is 0.9 and more."""


def find_language(
    engine: Engine, settings: RunSettings, *, label: str, seconds: float
) -> tuple[str, list[str]]:
    """Return the language of the recording that an engine has read, and what the user is told.

    Parameters
    ----------
    engine : Engine
        What decodes.
    settings : RunSettings
        What the user asked for.
    label : str
        What messages call the recording.
    seconds : float
        How long it is.
    """
    notes = []
    decoding = settings.decoding
    if (*decoding.clip_timestamps, 0.0)[0] >= seconds:
        notes.append(f"{label}: --clip_timestamps begins behind its end, {clock(seconds)}")
    elif engine.clips is not None and not engine.clips:
        notes.append(f"{label}: nobody speaks in it")
    found = engine.language()
    if found.probability is not None:
        note = f"Detected language: {language_name(found.code)} ({found.probability:.0%})"
        if found.probability < _SURE:
            note += ", which is a weak guess: --language names the one that is spoken"
        notes.append(note)
    elif decoding.language not in (None, found.code):
        notes.append(f"the model {settings.model} knows English only: using that")
    return found.code, notes
