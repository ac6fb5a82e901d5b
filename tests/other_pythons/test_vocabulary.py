"""The child's tokeniser against tiktoken, which it stands in for."""

from __future__ import annotations

import pytest
import tiktoken

from transcriber.engine import openai_whisper
from transcriber.other_pythons.vocabulary import Encoding

openai_whisper.load()

from whisper import tokenizer  # noqa: E402

Pair = tuple[tiktoken.Encoding, Encoding]


@pytest.fixture(scope="module", params=["gpt2", "multilingual"])
def encodings(request: pytest.FixtureRequest) -> Pair:
    theirs = tokenizer.get_encoding(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiktoken, "Encoding", Encoding)
        # Without its memory, which has the other one.
        ours = tokenizer.get_encoding.__wrapped__(request.param)
    assert isinstance(ours, Encoding)
    return theirs, ours


def test_the_special_tokens_are_the_same(encodings: Pair) -> None:
    theirs, ours = encodings
    assert ours.special_tokens_set == theirs.special_tokens_set
    assert ours.eot_token == theirs.eot_token
    for text in theirs.special_tokens_set:
        assert ours.encode_single_token(text) == theirs.encode_single_token(text)


def test_every_token_has_the_same_text(encodings: Pair) -> None:
    theirs, ours = encodings
    for token in range(theirs.n_vocab):
        assert ours.decode([token]) == theirs.decode([token])


def test_tokens_that_make_a_character_together(encodings: Pair) -> None:
    theirs, ours = encodings
    tokens = theirs.encode(" naïve 日本語 ♪♪ 👩‍👩‍👧")
    assert ours.decode(tokens) == " naïve 日本語 ♪♪ 👩‍👩‍👧"
    assert ours.decode(tokens[:-1]) == theirs.decode(tokens[:-1])


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_whisper_asks_of_it_is_the_same(encodings: Pair, language: str) -> None:
    theirs, ours = (
        tokenizer.Tokenizer(
            encoding=encoding, num_languages=99, language=language, task="translate"
        )
        for encoding in encodings
    )
    assert ours.non_speech_tokens == theirs.non_speech_tokens
    assert len(ours.non_speech_tokens) > 50
    assert ours.encode(" ") == theirs.encode(" ")
    assert ours.sot_sequence == theirs.sot_sequence
    assert sorted(ours.all_language_codes) == sorted(theirs.all_language_codes)
    tokens = theirs.encode(" And so, my fellow Americans: ♪ 日本語")
    assert ours.split_to_word_tokens(tokens) == theirs.split_to_word_tokens(tokens)
