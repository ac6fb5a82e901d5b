r"""Vocabularies in fewer bytes: what is sorted by rank needs no ranks, and bytes no base64.

Compression finds what tokens have in common, and base64 hides it: four characters for three bytes,
and which three depends on where a token begins.

The form: the tokens' bytes in the order of their ranks, between line feeds. A line feed in a token
is written as two bytes of 255, which no token has: all but single bytes are parts of UTF-8.
"""

from __future__ import annotations

import base64
import binascii

from buildkit.errors import RecipeError

_LINE_FEED = b"\xff\xff"


def pack_vocabulary(text: bytes) -> bytes:
    r"""Return a vocabulary of tiktoken's form in ours.

    Parameters
    ----------
    text : bytes
        On each line, a token in base64, and its rank.

    Raises
    ------
    RecipeError
        When that is another form, the ranks have gaps, or a token holds what stands for a line
        feed.

    Examples
    --------
    >>> pack_vocabulary(b"aGk= 0\nCg== 1\n")
    b'hi\n\xff\xff'
    """
    tokens = []
    for rank, line in enumerate(text.splitlines()):
        try:
            encoded, number = line.split()
            # Whisper's last token is empty, which a padding alone stands for.
            token = b"" if encoded == b"=" else base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise _unknown(f"its line {rank + 1} is no token and its rank") from error
        if number != b"%d" % rank:
            raise _unknown(f"its line {rank + 1} has the rank {number.decode(errors='replace')}")
        if _LINE_FEED in token:
            raise _unknown(f"its token {rank} holds two bytes of 255")
        tokens.append(token.replace(b"\n", _LINE_FEED))
    return b"\n".join(tokens)


def _unknown(what: str) -> RecipeError:
    return RecipeError(
        f"a vocabulary of openai-whisper is not as it was: {what}",
        "look whether native_build/vocabularies.py can still write it in fewer bytes",
    )
