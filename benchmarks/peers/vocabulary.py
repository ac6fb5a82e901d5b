"""Whisper's vocabulary, as openai-whisper has it."""

from __future__ import annotations

from transcriber.errors import ModelError
from transcriber.models.registry import MULTILINGUAL_VOCABULARY


def vocabulary(size: int) -> tuple[list[bytes], list[str]]:
    """Return the text tokens of a model and the special ones that follow, each by its number.

    Parameters
    ----------
    size : int
        Tokens that the model has, special ones and times included.

    Raises
    ------
    ModelError
        When openai-whisper has no vocabulary of that size.
    """
    # Heavy: it loads torch.
    from whisper.tokenizer import get_encoding  # noqa: PLC0415

    multilingual = size >= MULTILINGUAL_VOCABULARY
    # As in openai-whisper's model.py: what all other tokens leave are languages.
    languages = size - 51765 - multilingual
    encoding = get_encoding("multilingual" if multilingual else "gpt2", num_languages=languages)
    if encoding.n_vocab != size:
        raise ModelError(f"a vocabulary of {size} tokens is not one of openai-whisper's")
    special = sorted(encoding.special_tokens_set, key=encoding.encode_single_token)
    texts = range(size - len(special))
    return [encoding.decode_single_token_bytes(number) for number in texts], special
