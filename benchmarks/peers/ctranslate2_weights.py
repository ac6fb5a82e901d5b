"""A folder that faster-whisper loads without the network: weights, vocabulary and tokenizer.

The weights are a checkpoint in CTranslate2's form. What the packages that they come in lack is
made from openai-whisper's vocabulary: ``vocabulary.json``, in which CTranslate2 looks up the
special tokens, and ``tokenizer.json``, the form of the library tokenizers. Both write bytes as
GPT-2's ``encoder.py`` does, as printable characters.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tiktoken._educational import bpe_encode

from benchmarks.measuring.made_once import made_once
from benchmarks.peers.vocabulary import vocabulary
from transcriber.models.checkpoints.reading import read_checkpoint

WEIGHTS = ("model.bin", "config.json")

CODE = (Path(__file__), Path(__file__).with_name("vocabulary.py"))
"""What the folder follows from, beside the weights: with other code, it is made anew."""

_PRINTABLE = [byte for byte in range(256) if chr(byte).isprintable() and chr(byte) != " "]
"""Bytes that stand for themselves, read as Latin-1; the others follow from U+0100 on."""

_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
_CHARACTERS = {byte: chr(byte) for byte in _PRINTABLE} | {
    byte: chr(256 + place) for place, byte in enumerate(_OTHERS)
}


def provide_ctranslate2(checkpoint: Path, folder: Path) -> Path:
    """Return the folder for faster-whisper of a checkpoint, made when it is not there yet.

    The checkpoint is a folder with ``model.bin`` and ``config.json``, to which the new one links.

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
        text, special = vocabulary(read_checkpoint(checkpoint).dimensions["n_vocab"])
        for name, value in (
            ("vocabulary.json", [*map(as_characters, text), *special]),
            ("tokenizer.json", tokenizer(text, special)),
        ):
            (content / name).write_text(json.dumps(value, ensure_ascii=False), "utf-8")

    return made_once(folder, f"ctranslate2-{checkpoint.name}", (*sources, *CODE), make)


def as_characters(token: bytes) -> str:
    """Return a token with a printable character for each byte, as GPT-2's vocabulary has it."""
    return "".join(_CHARACTERS[byte] for byte in token)


def merges(tokens: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Return the pairs that a byte-pair encoder joins, the first to be joined first.

    tiktoken has what results of each pair. The pair is what its encoder makes of it when it may
    join nothing that comes later.
    """
    earlier: dict[bytes, int] = {}
    found = []
    for rank, token in enumerate(tokens):
        parts = bpe_encode(earlier, token, visualise=None) if len(token) > 1 else []
        if len(parts) == 2:
            found.append((tokens[parts[0]], tokens[parts[1]]))
        earlier[token] = rank
    return found


def tokenizer(text: Sequence[bytes], special: Sequence[str]) -> dict[str, Any]:
    """Return the content of ``tokenizer.json``: byte pairs as in GPT-2, and the special tokens."""
    by_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        **dict.fromkeys(("truncation", "padding", "normalizer", "post_processor")),
        "added_tokens": [
            {"id": number, "content": name, **flags, "special": True}
            for number, name in enumerate(special, len(text))
        ],
        "pre_tokenizer": {**by_bytes, "use_regex": True},
        "decoder": {**by_bytes, "use_regex": True},
        "model": {
            "type": "BPE",
            **dict.fromkeys(("dropout", "unk_token")),
            **dict.fromkeys(("continuing_subword_prefix", "end_of_word_suffix"), ""),
            **dict.fromkeys(("fuse_unk", "byte_fallback"), False),
            "vocab": {as_characters(token): number for number, token in enumerate(text)},
            "merges": [[as_characters(one), as_characters(other)] for one, other in merges(text)],
        },
    }
