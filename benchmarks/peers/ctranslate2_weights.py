"""A folder that faster-whisper loads without the network: weights, vocabulary and tokenizer.

The weights are a checkpoint in CTranslate2's form. What the packages that they come in lack is
made from openai-whisper's vocabulary: ``vocabulary.json``, in which CTranslate2 looks up the
special tokens, and ``tokenizer.json``, the form of the library tokenizers. Both write bytes as
GPT-2's ``encoder.py`` does, as printable characters.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring.made_once import made_once
from benchmarks.peers.vocabulary import assets, text_tokens, vocabulary_file
from buildkit.files import atomic_writer
from transcriber.errors import ModelError
from transcriber.models.checkpoints.reading import read_checkpoint

WEIGHTS = ("model.bin", "config.json")

CODE = (Path(__file__), Path(__file__).with_name("vocabulary.py"))
"""What the folder follows from, beside the weights: with other code, it is made anew."""

_PRINTABLE = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
"""Bytes that stand for themselves, read as Latin-1; the others follow from U+0100 on."""


def provide_ctranslate2(checkpoint: Path, folder: Path) -> Path:
    """Return the folder for faster-whisper, made when it is not there yet.

    Parameters
    ----------
    checkpoint : Path
        A folder with ``model.bin`` and ``config.json``.
    folder : Path
        Where such folders lie. The new one links to the weights.

    Raises
    ------
    TranscriberError
        When the checkpoint cannot be read or the folder cannot be made.
    """
    sources = [checkpoint / name for name in WEIGHTS]

    def make(content: Path) -> None:
        for source in sources:
            # Relative, and counted from the place that `content` is moved to.
            (content / source.name).symlink_to(os.path.relpath(source, folder / "any"))
        size = read_checkpoint(checkpoint).dimensions["n_vocab"]
        text = text_tokens(vocabulary_file(size, assets()))
        special = special_tokens(size, len(text))
        _write(content / "vocabulary.json", [*map(as_characters, text), *special])
        _write(content / "tokenizer.json", tokenizer(text, special))

    name = f"ctranslate2-{checkpoint.name}"
    return made_once(folder, name, (*sources, *CODE), make)


def special_tokens(vocabulary: int, text: int) -> list[str]:
    """Return the names of the tokens that follow the text tokens, in the order of their numbers.

    Parameters
    ----------
    vocabulary : int
        Tokens that the model has.
    text : int
        How many of them are text.

    Raises
    ------
    ModelError
        When openai-whisper has another number of them.
    """
    # Heavy: it loads torch.
    from whisper.tokenizer import get_encoding  # noqa: PLC0415

    name = vocabulary_file(vocabulary, Path()).stem
    # As in openai-whisper's model.py: what all other tokens leave are languages.
    languages = vocabulary - 51765 - (name == "multilingual")
    encoding = get_encoding(name, num_languages=languages)
    numbered = {encoding.encode_single_token(one): one for one in encoding.special_tokens_set}
    if sorted(numbered) != list(range(text, vocabulary)):
        raise ModelError(f"a vocabulary of {vocabulary} tokens is not one of openai-whisper's")
    return [numbered[number] for number in sorted(numbered)]


def as_characters(token: bytes) -> str:
    """Return a token with a printable character for each byte, as GPT-2's vocabulary has it."""
    return "".join(_CHARACTERS[byte] for byte in token)


def merges(tokens: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the pairs that a byte-pair encoder joins, the first to be joined first.

    A tiktoken file has what results of each pair. The pair is what the encoder makes of it when
    it may join nothing that comes later.
    """
    ranks = {token: rank for rank, token in enumerate(tokens)}
    found = []
    for rank, token in enumerate(tokens):
        if len(token) > 1:
            parts = _joined(token, ranks, rank)
            if len(parts) == 2:
                found.append((parts[0], parts[1]))
    return found


def _joined(token: bytes, ranks: dict[bytes, int], below: int) -> list[bytes]:
    parts = [token[place : place + 1] for place in range(len(token))]
    while len(parts) > 2:
        ranked = [
            (ranks.get(one + other, below), place)
            for place, (one, other) in enumerate(itertools.pairwise(parts))
        ]
        rank, place = min(ranked)
        if rank >= below:
            break
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts


def tokenizer(text: Sequence[bytes], special: Iterable[str]) -> dict[str, Any]:
    """Return the content of ``tokenizer.json``: byte pairs as in GPT-2, and the special tokens.

    Parameters
    ----------
    text : sequence of bytes
        The text tokens by their numbers.
    special : iterable of str
        The names of the tokens that follow them.
    """
    by_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {"id": number, "content": name, **flags, "special": True}
            for number, name in enumerate(special, len(text))
        ],
        "normalizer": None,
        "pre_tokenizer": {**by_bytes, "use_regex": True},
        "post_processor": None,
        "decoder": {**by_bytes, "use_regex": True},
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": "",
            "end_of_word_suffix": "",
            "fuse_unk": False,
            "byte_fallback": False,
            "vocab": {as_characters(token): number for number, token in enumerate(text)},
            "merges": [[as_characters(one), as_characters(other)] for one, other in merges(text)],
        },
    }


def _write(path: Path, content: object) -> None:
    with atomic_writer(path) as stream:
        stream.write(json.dumps(content, ensure_ascii=False).encode())


def _characters() -> dict[int, str]:
    others = [byte for byte in range(256) if byte not in _PRINTABLE]
    return {byte: chr(byte) for byte in _PRINTABLE} | {
        byte: chr(256 + place) for place, byte in enumerate(others)
    }


_CHARACTERS = _characters()
