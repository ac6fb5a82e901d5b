"""Stands in for tiktoken's core, three megabytes of Rust.

A run of the program encodes a prompt and a few symbols, and decodes the tokens of what was said.
What is here cuts text into pieces; the byte pair encoding of these is the program's own.

The one difference: which characters are letters and numbers, Python's Unicode says (14 for 3.11),
and Rust's is newer. It concerns prompts in writing systems that were added since.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Set

from transcriber.other_pythons.vocabulary import BytePairs

_WHISPERS_PATTERN = (
    r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""
)

_CONTRACTIONS = ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d")

_WHITE_SPACE = frozenset(
    # Unicode's property of that name, which is not what `str.isspace` tells.
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_PIECE = re.compile(" ?L+| ?N+| ?P+|[ W]+(?![^ W])|[ W]+")
"""The rest of Whisper's pattern, for a text in which each character is replaced by its kind."""


class CoreBPE(BytePairs):
    """Turns text into tokens and back, as tiktoken's class of the same name.

    Parameters
    ----------
    encoder : mapping of bytes to int
        The tokens' bytes, and their numbers, by which pairs are merged first.
    special_tokens_encoder : mapping of str to int
        Tokens that stand for no text.
    pattern : str
        What cuts a text into pieces: Whisper's, which alone is known here.
    """

    def __init__(
        self,
        encoder: Mapping[bytes, int],
        special_tokens_encoder: Mapping[str, int],
        pattern: str,
    ) -> None:
        if pattern != _WHISPERS_PATTERN:
            raise ValueError(
                "the tiktoken of this program cuts text by Whisper's pattern only: "
                "where another is needed, see native-build/python/_tiktoken.py"
            )
        super().__init__(encoder, special_tokens_encoder)

    def encode_ordinary(self, text: str) -> list[int]:
        """Return the tokens of a text in which nothing is special."""
        # As Rust does, it refuses what is no Unicode; the caller mends that.
        text.encode()
        return [
            token for piece in _pieces(text) for token in self.encode_single_piece(piece.encode())
        ]

    def encode(self, text: str, allowed_special: Set[str]) -> list[int]:
        """Return the tokens of a text in which the names of some special tokens stand for those."""
        names = "|".join(map(re.escape, sorted(allowed_special & self._special.keys())))
        # Every other one is such a name.
        parts = re.split(f"({names})", text) if names else [text]
        tokens = self.encode_ordinary(parts[0])
        for name, ordinary in zip(parts[1::2], parts[2::2], strict=True):
            tokens += [self._special[name], *self.encode_ordinary(ordinary)]
        return tokens

    def encode_single_token(self, piece: bytes) -> int:
        """Return the number of a token, ordinary or special, by its bytes.

        Raises
        ------
        KeyError
            When there is none.
        """
        if piece in self._ranks:
            return self._ranks[piece]
        try:
            return self._special[piece.decode()]
        except (KeyError, UnicodeDecodeError):
            raise KeyError(piece) from None

    def decode_single_token_bytes(self, token: int) -> bytes:
        """Return the bytes of a token.

        Raises
        ------
        KeyError
            When it is none.
        """
        return self._bytes[token]

    def token_byte_values(self) -> list[bytes]:
        """Return the bytes of all ordinary tokens, sorted."""
        return sorted(self._ranks)


def _pieces(text: str) -> Iterator[str]:
    """Cut a text by Whisper's pattern."""
    kinds = "".join(map(_kind, text))
    at = 0
    while at < len(text):
        end = at + next((len(c) for c in _CONTRACTIONS if text.startswith(c, at)), 0)
        if end == at:
            found = _PIECE.match(kinds, at)
            assert found is not None  # noqa: S101 - every kind begins a piece
            end = found.end()
        yield text[at:end]
        at = end


def _kind(character: str) -> str:
    if character == " ":
        return " "
    if character.isalpha():
        return "L"
    if character in _WHITE_SPACE:
        return "W"
    return "N" if unicodedata.category(character)[0] == "N" else "P"
