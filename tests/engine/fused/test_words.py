"""Our times of words against openai-whisper's, on made-up attention."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from transcriber.engine import openai_whisper

openai_whisper.load()

import whisper.timing  # noqa: E402
from whisper.tokenizer import get_tokenizer  # noqa: E402

from transcriber.engine.fused.words import Alignment, add_words, align  # noqa: E402
from transcriber.settings import APPEND_PUNCTUATIONS, PREPEND_PUNCTUATIONS  # noqa: E402

TEXTS = {
    "en": " Hello, world! “This” is (an) example: don't - stop... ¿Why?",
    "de": " Größe, Straße und „Zitat“.",
    "ja": "こんにちは、世界。元気ですか？",
}


class Hooked:
    """A layer whose attention openai-whisper listens to."""

    def __init__(self) -> None:
        self.hook: Any = None

    def register_forward_hook(self, hook: Any) -> Any:
        self.hook = hook
        return SimpleNamespace(remove=lambda: None)


def theirs(tokenizer: Any, text: list[int], scores: Any, logits: Any, frames: int) -> Any:
    """Return what openai-whisper makes of the scores of one layer."""
    layer = Hooked()

    class Model:
        device = torch.device("cpu")
        dims = SimpleNamespace(n_text_layer=1)
        decoder = SimpleNamespace(blocks=[SimpleNamespace(cross_attn=layer)])
        alignment_heads = torch.ones(1, len(scores)).to_sparse()

        def __call__(self, mel: Any, tokens: Any) -> Any:
            layer.hook(None, None, (None, scores[None]))
            return logits[None]

    return whisper.timing.find_alignment(Model(), tokenizer, text, torch.zeros(1), frames)


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("frames", [3000, 1234, 6, 2])
def test_words_are_said_when_openai_whisper_says(language: str, frames: int) -> None:
    tokenizer = get_tokenizer(True, num_languages=99, language=language, task="transcribe")
    text = tokenizer.encode(TEXTS[language])
    count = len(tokenizer.sot_sequence) + len(text) + 2
    generator = torch.Generator().manual_seed(frames)
    scores = torch.randn(3, count, 1500, generator=generator) * 3
    logits = torch.randn(count, 51865, generator=generator)
    expected = theirs(tokenizer, text, scores, logits, frames)
    before = len(tokenizer.sot_sequence)
    probabilities = logits[before : before + len(text), : tokenizer.eot].softmax(-1)
    chosen = probabilities[range(len(text)), text].numpy()
    cut = scores.numpy()[:, :, : frames // 2]
    actual = align(tokenizer, text, cut, chosen, skipped=before)
    assert [(word.word, list(word.tokens)) for word in actual] == [
        (word.word, word.tokens) for word in expected
    ]
    assert [word.start for word in actual] == [word.start for word in expected]
    assert [word.end for word in actual] == [word.end for word in expected]
    assert np.allclose(
        [word.probability for word in actual], [word.probability for word in expected], rtol=1e-6
    )


def test_no_text_has_no_words() -> None:
    tokenizer = get_tokenizer(True, num_languages=99, language="en", task="transcribe")
    scores = np.zeros((1, 5, 1500), np.float32)
    assert align(tokenizer, [], scores, np.zeros(0, np.float32), skipped=3) == []


def random_words(generator: np.random.Generator, tokenizer: Any) -> list[Alignment]:
    pieces = [" a", " word", ",", ".", "!", " “", " (", " -", "?", "”", " longer", "'", " ", "..."]
    time, words = float(generator.uniform(0, 3)), []
    for piece in generator.choice(pieces, size=generator.integers(0, 25)):
        gap, duration = generator.choice([0, 0.02, 0.3, 2.5, 7]), generator.choice([0, 0.1, 0.4, 5])
        start = round(time + gap, 2)
        time = round(start + duration, 2)
        words.append(
            Alignment(
                word=str(piece),
                tokens=tuple(tokenizer.encode(str(piece))),
                start=start,
                end=time,
                probability=float(generator.uniform()),
            )
        )
    return words


@pytest.mark.parametrize("seed", range(200))
def test_segments_get_the_words_that_openai_whisper_gives_them(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = get_tokenizer(True, num_languages=99, language="en", task="transcribe")
    generator = np.random.default_rng(seed)
    words = random_words(generator, tokenizer)
    tokens = [token for word in words for token in word.tokens]
    cuts = sorted(generator.integers(0, len(tokens) + 1, size=generator.integers(0, 4)).tolist())
    segments: list[Any] = []
    for begin, end in zip([0, *cuts], [*cuts, len(tokens)], strict=True):
        times = sorted(generator.uniform(12, 42, size=2).round(2).tolist())
        segments.append(
            {
                "seek": 1200,
                "start": times[0],
                "end": times[1],
                "tokens": [50364, *tokens[begin:end], 50400],
            }
        )
    last_speech = float(generator.choice([0.0, 11.5, 12.5]))
    expected = copy.deepcopy(segments)
    timings = [
        whisper.timing.WordTiming(w.word, list(w.tokens), w.start, w.end, w.probability)
        for w in words
    ]
    monkeypatch.setattr(whisper.timing, "find_alignment", lambda *_, **__: timings)
    whisper.timing.add_word_timestamps(
        segments=expected,
        model=None,
        tokenizer=tokenizer,
        mel=None,
        num_frames=3000,
        last_speech_timestamp=last_speech,
    )
    add_words(
        segments,
        words,
        eot=tokenizer.eot,
        prepended=PREPEND_PUNCTUATIONS,
        appended=APPEND_PUNCTUATIONS,
        last_speech=last_speech,
    )
    assert segments == expected


def test_no_segments_and_no_words() -> None:
    options: Any = {"eot": 50257, "prepended": "", "appended": "", "last_speech": 0.0}
    add_words([], [], **options)
    segment: Any = {"seek": 0, "start": 1.0, "end": 2.0, "tokens": [400]}
    add_words([segment], [], **options)
    assert segment == {"seek": 0, "start": 1.0, "end": 2.0, "tokens": [400], "words": []}


def test_a_word_knows_how_long_it_takes() -> None:
    word = Alignment(word=" a", tokens=(1,), start=1.0, end=1.5, probability=1.0)
    assert word.duration == 0.5
    assert replace(word, end=1.0).duration == 0
