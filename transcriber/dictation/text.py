"""From what was decoded of each piece to the text that the user gets."""

from __future__ import annotations

from collections.abc import Sequence

from transcriber.dictation import spoken
from transcriber.dictation.corrections import correct
from transcriber.dictation.politeness import is_invented
from transcriber.dictation.settings import DictationSettings
from transcriber.live.events import Final


def is_said(final: Final) -> bool:
    """Whether a piece is no courtesy that Whisper has made up."""
    segments = final.segments
    return not is_invented(
        final.text,
        no_speech_prob=max((one["no_speech_prob"] for one in segments), default=0.0),
        avg_logprob=min((one["avg_logprob"] for one in segments), default=0.0),
        seconds=final.end - final.start,
        language=final.language,
    )


def written(texts: Sequence[str], language: str, settings: DictationSettings) -> str:
    """Return the text of a dictation.

    Parameters
    ----------
    texts : sequence of str
        What was said, piece by piece.
    language : str
        Code of the language.
    settings : DictationSettings
        What becomes of it.

    Examples
    --------
    >>> written(["Hello", "world."], "en", DictationSettings())
    'Hello world.'
    """
    text = " ".join(texts)
    if settings.spoken_commands:
        text = spoken.apply(text, language)
    return correct(text, settings.corrections)


def added(before: str, whole: str) -> str:
    """Return what is new of a text of which a part was pasted already.

    Examples
    --------
    >>> added("Hello", "Hello world.")
    ' world.'
    >>> added("I love New", "I love NYC. It is big.")
    ' It is big.'
    """
    if whole.startswith(before):
        return whole[len(before) :]
    # A word that has changed stays as it was pasted: nobody rewrites under the user's hands.
    signs = enumerate(zip(before, whole, strict=False))
    changed = whole[next((at for at, (old, new) in signs if old != new), len(whole)) :]
    return changed[next((at for at, sign in enumerate(changed) if sign.isspace()), len(changed)) :]
