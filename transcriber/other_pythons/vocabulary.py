"""Stands in for tiktoken where the system's Python has none, as far as decoding a window needs it.

All text of the program is encoded in the program itself. What is left for the child are the
symbols that openai-whisper suppresses, each of which byte pair encoding takes as one piece, and
turning tokens back into text. (Sennrich et al., 2016; Radford et al., 2019.)

Other Pythons run this module: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Encoding:
    """Turns symbols into tokens, and tokens into text, as tiktoken's class of the same name.

    Parameters
    ----------
    name, pat_str : str
        What tiktoken calls the vocabulary, and how it cuts text into pieces: not needed here.
    explicit_n_vocab : int
        How many tokens there are.
    mergeable_ranks : mapping of bytes to int
        The tokens' bytes, and their numbers, by which pairs are merged first.
    special_tokens : mapping of str to int
        Tokens that stand for no text.
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
        self._ranks = mergeable_ranks
        self._special = special_tokens
        self._bytes = {token: piece for piece, token in mergeable_ranks.items()}
        self._bytes.update((token, text.encode()) for text, token in special_tokens.items())
        self.special_tokens_set = set(special_tokens)
        self.eot_token = special_tokens["<|endoftext|>"]

    def encode_single_token(self, text: str) -> int:
        """Return the number of a special token."""
        return self._special[text]

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a symbol, which may follow a space."""
        parts = [bytes([value]) for value in text.encode()]
        while len(parts) > 1:
            ranks = [self._rank(parts, index) for index in range(len(parts) - 1)]
            # The first of equal ones.
            at = min(range(len(ranks)), key=ranks.__getitem__)
            if ranks[at] == len(self._ranks):
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return [self._ranks[part] for part in parts]

    def decode(self, tokens: Sequence[int], errors: str = "replace") -> str:
        """Return the text of some tokens."""
        return b"".join([self._bytes[token] for token in tokens]).decode("utf-8", errors)

    def _rank(self, parts: Sequence[bytes], index: int) -> int:
        return self._ranks.get(parts[index] + parts[index + 1], len(self._ranks))
