"""Which tokens a model has.

Other Pythons run this module, too: it keeps to what Python 3.8 knows.
"""

from __future__ import annotations

from transcriber.errors import UsageError


def check_tokens(tokens: str, vocabulary: int) -> None:
    """Refuse to suppress what is no token.

    Parameters
    ----------
    tokens : str
        Numbers with commas between them, or nothing. Negative ones count from the end.
    vocabulary : int
        How many tokens the model has.

    Raises
    ------
    UsageError
        When one of them is none of the vocabulary's.

    Examples
    --------
    >>> check_tokens("-1,51864", 51864)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    transcriber.errors.UsageError: --suppress_tokens: the model has no token 51864: ...
    """
    for token in tokens.split(",") if tokens else ():
        if not -vocabulary <= int(token) < vocabulary:
            raise UsageError(
                f"--suppress_tokens: the model has no token {token}",
                f"its tokens are 0 to {vocabulary - 1}",
            )
