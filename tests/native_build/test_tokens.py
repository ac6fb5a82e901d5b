"""The tokeniser of the native program against tiktoken, which it stands in for."""

from __future__ import annotations

import importlib.util
import random
import sys
import unicodedata
from types import ModuleType

import pytest
import tiktoken
from utterance import Utterance
from whisper.tokenizer import get_encoding

from scripts.layout import NATIVE

TEXTS = (
    "",
    " ",
    "Hello, world!",
    "it's we're I'll they've I'm he'd can't 'tis 'S 'RE rock'n'roll '''s!'s",
    "  leading, trailing   \n\n and\t\tin between \r\n",
    "1st 2nd ½ ² Ⅷ ٣ 一二三 3.14159 1,000,000",
    "Übergrößenträger naïve Ærøskøbing",
    "日本語のテキストと、記号！？",
    "Привет, мир! Γειά σου Κόσμε",
    "नमस्ते दुनिया สวัสดีชาวโลก",
    "👩‍👩‍👧‍👦 e\u0301 \u200b\u00ad\ufeff",
    "\x1c\x1d\x1e\x1f\x85\xa0\u180e\u2028\u3000",
    "♪♪♪ [music] ((laughs)) --- *** <|nonsense|>",
    "a" * 300,
    "x1y2z3" * 100,
)


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ours", NATIVE / "python/_tiktoken.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", params=["gpt2", "multilingual"])
def encodings(request: pytest.FixtureRequest) -> tuple[tiktoken.Encoding, tiktoken.Encoding]:
    """Return the encoding with our core, and that with tiktoken's own."""
    theirs = get_encoding(request.param)
    ours = tiktoken.Encoding(
        theirs.name,
        pat_str=theirs._pat_str,
        mergeable_ranks=theirs._mergeable_ranks,
        special_tokens=theirs._special_tokens,
    )
    ours._core_bpe = load().CoreBPE(
        theirs._mergeable_ranks, theirs._special_tokens, theirs._pat_str
    )
    return ours, theirs


Pair = tuple[tiktoken.Encoding, tiktoken.Encoding]


@pytest.mark.parametrize("text", TEXTS)
def test_the_same_tokens(encodings: Pair, text: str) -> None:
    ours, theirs = encodings
    tokens = theirs.encode(text, disallowed_special=())
    assert ours.encode(text, disallowed_special=()) == tokens
    assert ours.decode(tokens) == theirs.decode(tokens) == text


def test_what_was_said(encodings: Pair, utterances: list[Utterance]) -> None:
    ours, theirs = encodings
    for utterance in utterances:
        assert ours.encode(utterance.reference) == theirs.encode(utterance.reference)


def test_the_same_tokens_of_random_texts(encodings: Pair) -> None:
    ours, theirs = encodings
    chance = random.Random(1)
    known = [chr(n) for n in range(0x30000) if unicodedata.category(chr(n)) not in ("Cn", "Cs")]
    for _ in range(3000):
        some = [*chance.choices(known, k=20), *" '\n\tab1!"]
        text = "".join(chance.choices(some, k=chance.randrange(60)))
        assert ours.encode_ordinary(text) == theirs.encode_ordinary(text), repr(text)


def test_each_character_is_of_the_same_kind(encodings: Pair) -> None:
    ours, theirs = encodings
    # Both cut texts by one pattern, so that one of them says it of both.
    if theirs.name == get_encoding("gpt2").name:
        assert theirs._pat_str == get_encoding("multilingual")._pat_str
        return
    different = [
        number
        for number in range(sys.maxunicode + 1)
        if unicodedata.category(chr(number)) not in ("Cn", "Cs", "Co")
        # Letters and numbers take a blank before them, and stay together.
        and ours.encode_ordinary(f"a {chr(number)}1{chr(number)}b")
        != theirs.encode_ordinary(f"a {chr(number)}1{chr(number)}b")
    ]
    assert different == []


def test_special_tokens(encodings: Pair) -> None:
    ours, theirs = encodings
    text = "a<|endoftext|> b <|0.02|><|0.04|>c<|nospeech|>"
    for allowed in (set(), {"<|0.02|>"}, {"<|endoftext|>", "<|0.04|>"}, {"unknown"}):
        found, expected = (
            one.encode(text, allowed_special=allowed, disallowed_special=())
            for one in (ours, theirs)
        )
        assert found == expected
    assert ours.encode(text, allowed_special="all") == theirs.encode(text, allowed_special="all")
    with pytest.raises(ValueError, match="disallowed special token"):
        ours.encode(text)
    for name in ("<|startoftranscript|>", "<|30.00|>", " the", b"\xe3\x81"):
        assert ours.encode_single_token(name) == theirs.encode_single_token(name)


def test_bytes_that_are_no_text(encodings: Pair) -> None:
    ours, theirs = encodings
    chance = random.Random(2)
    last = theirs.max_token_value
    for _ in range(300):
        tokens = [chance.randrange(last + 1) for _ in range(chance.randrange(12))]
        assert ours.decode(tokens) == theirs.decode(tokens)
        assert ours.decode_bytes(tokens) == theirs.decode_bytes(tokens)
    assert ours.encode("lone \ud800 half") == theirs.encode("lone \ud800 half")
    assert ours.token_byte_values() == theirs.token_byte_values()
    assert ours.decode_single_token_bytes(last) == theirs.decode_single_token_bytes(last)


def test_what_does_not_exist_raises_the_same(encodings: Pair) -> None:
    for encoding in encodings:
        with pytest.raises(KeyError):
            encoding.encode_single_token("no token")
        with pytest.raises(KeyError):
            encoding.encode_single_token(b"\xff\xfe\xff")
        with pytest.raises(KeyError):
            encoding.decode_single_token_bytes(10**6)
        with pytest.raises(KeyError, match="Invalid token for decoding"):
            encoding.decode([10**6])


def test_another_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="Whisper's pattern only"):
        load().CoreBPE({}, {}, r"\w+")
