"""Word and character error rates of texts, normalised as in Whisper's paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import jiwer
from whisper.normalizers import BasicTextNormalizer, EnglishTextNormalizer

from benchmarks.manifest import Speech

CHARACTER_LANGUAGES = frozenset({"ja", "zh", "th", "lo", "my", "yue"})
"""Written without spaces, so that Whisper's paper counts characters."""


def error_rates(speech: Sequence[Speech], output: Path) -> dict[str, tuple[int, float]]:
    """Return the number of recordings and the word or character error rate of each language."""
    said, written = defaultdict(list), defaultdict(list)
    for item in speech:
        said[item.language].append(item.transcript)
        written[item.language].append((output / f"{item.path.stem}.txt").read_text("utf-8"))
    return {
        language: (len(said[language]), error_rate(language, said[language], written[language]))
        for language in sorted(said)
    }


def error_rate(language: str, said: Sequence[str], written: Sequence[str]) -> float:
    """Return the word or character error rate of texts, both normalised as in Whisper's paper."""
    clean, found = ([normalised(language, text) for text in texts] for texts in (said, written))
    rate: float = jiwer.wer(clean, found)
    return rate


def errors_of(language: str, said: str, written: str) -> tuple[int, int]:
    """Return how many words or characters were said, and how many errors there are in a text."""
    counted = jiwer.process_words(normalised(language, said), normalised(language, written))
    missed = counted.substitutions + counted.deletions
    return counted.hits + missed, missed + counted.insertions


def normalised(language: str, text: str) -> str:
    """Return a text as in Whisper's paper; characters are words where these are counted."""
    if language == "en":
        return str(EnglishTextNormalizer()(text))
    return str(BasicTextNormalizer(split_letters=language in CHARACTER_LANGUAGES)(text))


def unit_of(language: str) -> str:
    """Return ``CER`` for a language whose characters are counted, else ``WER``."""
    return "CER" if language in CHARACTER_LANGUAGES else "WER"
