"""Courtesies that Whisper invents: "Thank you for watching" where nobody spoke.

The same words may have been said. What is said has a voice in it and enough time for the words;
what is invented has not. Of 462 decodings of sounds without speech (noise, breath, music and more,
of 1 s and 3 s; base and tiny.en), 131 were nothing but a courtesy or a credit. Each passed one of
the limits here, and 26 not both of Whisper's, which it wants together. Of 118 decodings of
courtesies that a synthetic voice said, at 120 to 400 words a minute, none passed any: the
probability of no speech was 0.57 at most, the mean log probability -0.95 at least.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

_NO_SPEECH = 0.6
_LOG_PROBABILITY = -1.0
"""Whisper's own limits for silence."""

_LETTERS_PER_SECOND = 40
"""Nobody speaks faster: at 400 words a minute the synthetic voice says 36."""

_WORDS = re.compile(r"[\W_]+")


def is_invented(
    text: str, *, no_speech_prob: float, avg_logprob: float, seconds: float, language: str
) -> bool:
    """Tell whether a piece holds nothing but a courtesy or credit that was probably not said.

    Parameters
    ----------
    text : str
        All that was decoded of the piece.
    no_speech_prob : float
        Probability that nobody speaks in it.
    avg_logprob : float
        Mean log probability of its tokens.
    seconds : float
        How much speech the detector found in it.
    language : str
        Code of its language. English courtesies are known in every language.

    Examples
    --------
    >>> sure = {"no_speech_prob": 0.1, "avg_logprob": -0.5, "seconds": 1.5, "language": "en"}
    >>> is_invented("Thank you for watching!", **sure)
    False
    >>> is_invented("Thank you for watching!", **sure | {"no_speech_prob": 0.8})
    True
    """
    plain = _plain(text)
    is_doubtful = (
        no_speech_prob > _NO_SPEECH
        or avg_logprob < _LOG_PROBABILITY
        or len(plain.replace(" ", "")) > seconds * _LETTERS_PER_SECOND
    )
    patterns = (_pattern(language), _pattern("en"))
    return is_doubtful and any(one and one.fullmatch(plain) for one in patterns)


def _plain(text: str) -> str:
    return _WORDS.sub(" ", unicodedata.normalize("NFC", text).lower()).strip()


@functools.cache
def _pattern(language: str) -> re.Pattern[str] | None:
    phrases = _phrases().get(language)
    if phrases is None:
        return None
    whole, joint, credit = ("|".join(phrases[kind]) for kind in ("whole", "joint", "credit"))
    return re.compile(f"(?:(?:{joint}) )*(?:{whole})(?: (?:{whole}|{joint}))*|(?:{credit}).*")


@functools.cache
def _phrases() -> Mapping[str, Mapping[str, list[str]]]:
    import tomllib  # noqa: PLC0415 - most pieces leave no doubt
    from importlib import resources  # noqa: PLC0415

    text = resources.files("transcriber.dictation").joinpath("politeness.toml").read_text("utf-8")
    return tomllib.loads(text)
