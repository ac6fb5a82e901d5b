"""Byte pair encoding, for every Python that the program runs in.

It is described in "Neural Machine Translation of Rare Words with Subword Units" (Sennrich et al.,
2016), its form on bytes in "Language Models are Unsupervised Multitask Learners" (Radford et al.,
2019). In the native program it is the core of tiktoken, with native-build/python/_tiktoken.py.
Where the system's Python has no tiktoken, `Encoding` stands in for it, as far as decoding a window
needs it.

Other Pythons run this module: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class BytePairs:
    """Turns pieces of text into tokens, and tokens into bytes.

    Parameters
    ----------
    ranks : mapping of bytes to int
        The tokens' bytes, and their numbers, by which pairs are merged first.
    special_tokens : mapping of str to int
        Tokens that stand for no text.
    """

    def __init__(self, ranks: Mapping[bytes, int], special_tokens: Mapping[str, int]) -> None:
        self._ranks = ranks
        self._special = special_tokens
        self._bytes = {token: piece for piece, token in ranks.items()}
        self._bytes.update((token, text.encode()) for text, token in special_tokens.items())

    def encode_single_piece(self, piece: bytes) -> list[int]:
        """Return the tokens of a piece that is not cut any more."""
        if piece in self._ranks:
            return [self._ranks[piece]]
        # Behind every token's.
        none = len(self._ranks)
        parts = [piece[index : index + 1] for index in range(len(piece))]
        ranks = [self._ranks.get(piece[index : index + 2], none) for index in range(len(piece) - 1)]
        while ranks:
            lowest = min(ranks)
            if lowest == none:
                break
            # The first of equal ones.
            at = ranks.index(lowest)
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
            del ranks[at]
            for changed in (at - 1, at):
                if 0 <= changed < len(ranks):
                    ranks[changed] = self._ranks.get(parts[changed] + parts[changed + 1], none)
        return [self._ranks[part] for part in parts]

    def decode_bytes(self, tokens: Sequence[int]) -> bytes:
        """Return the bytes of some tokens.

        Raises
        ------
        KeyError
            When a token is none.
        """
        try:
            return b"".join([self._bytes[token] for token in tokens])
        except KeyError as error:
            raise KeyError(f"Invalid token for decoding: {error}") from None


class Encoding:
    """Turns symbols into tokens, and tokens into text, as tiktoken's class of the same name.

    All text of the program is encoded in the program itself. What is left for the child are the
    symbols that openai-whisper suppresses, each of which byte pair encoding takes as one piece, and
    turning tokens back into text.

    Parameters
    ----------
    name, pat_str : str
        What tiktoken calls the vocabulary, and how it cuts text into pieces: not needed here.
    explicit_n_vocab : int
        How many tokens there are.
    mergeable_ranks, special_tokens : mapping
        As of `BytePairs`.
    """

    def __init__(
        self,
        name: str,
        *,
        pat_str: str,
        mergeable_ranks: Mapping[bytes, int],
        special_tokens: Mapping[str, int],
        explicit_n_vocab: int,
    ) -> None:
        self.name = name
        self._pairs = BytePairs(mergeable_ranks, special_tokens)
        self._special = special_tokens
        self.special_tokens_set = set(special_tokens)
        self.eot_token = special_tokens["<|endoftext|>"]

    def encode_single_token(self, text: str) -> int:
        """Return the number of a special token."""
        return self._special[text]

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a symbol, which may follow a space."""
        return self._pairs.encode_single_piece(text.encode())

    def decode(self, tokens: Sequence[int], errors: str = "replace") -> str:
        """Return the text of some tokens."""
        return self._pairs.decode_bytes(tokens).decode("utf-8", errors)
