"""Which tokens a model has.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

from transcriber.errors import UsageError


def check_tokens(tokens: str, vocabulary: int) -> None:
    """Refuse to suppress what is no token.

    Raises
    ------
    UsageError
        When one of `tokens`, numbers with commas between them, is none of the vocabulary's.
    """
    for token in tokens.split(",") if tokens else ():
        if not -vocabulary <= int(token) < vocabulary:
            raise UsageError(
                f"--suppress_tokens: the model has no token {token}",
                f"its tokens are 0 to {vocabulary - 1}",
            )
