"""The name of a special token in a prompt ended the program as a defect."""

from __future__ import annotations

import pytest

from transcriber.engine import openai_whisper

openai_whisper.load()

from whisper.tokenizer import get_tokenizer  # noqa: E402

from transcriber.engine.window_decoder import _plain_tokens  # noqa: E402

TOKENIZERS = {
    "multilingual": get_tokenizer(True, num_languages=99, language="de", task="transcribe"),
    "English": get_tokenizer(False),
}


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize(
    "text",
    [
        "a <|endoftext|> b",
        "<|startoftranscript|><|en|><|transcribe|>",
        "<|0.00|> Hello <|30.00|>",
        "<|nospeech|>",
        "<|startofprev|>Names: Ödön, 李",
        "<|endoftext",
        "plain words",
    ],
)
def test_it_is_text(kind: str, text: str) -> None:
    tokenizer = TOKENIZERS[kind]
    tokens = _plain_tokens(tokenizer, f"  {text}\n")
    assert all(token < tokenizer.eot for token in tokens)
    assert tokenizer.decode(tokens) == f" {text}"


def test_plain_words_are_openai_whispers_tokens() -> None:
    text = "Glossary: Kubernetes, naïve, 東京, 3.14 %"
    for tokenizer in TOKENIZERS.values():
        assert _plain_tokens(tokenizer, text) == tokenizer.encode(" " + text)


def test_bytes_that_are_no_text_are_no_defect() -> None:
    # As the command line has them.
    tokens = _plain_tokens(TOKENIZERS["multilingual"], "caf\udce9")
    assert TOKENIZERS["multilingual"].decode(tokens).startswith(" caf")
