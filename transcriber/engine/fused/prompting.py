"""What a decoder begins with and what it must not write: the rules of openai-whisper's decoder."""

from __future__ import annotations

from typing import Any

from transcriber.operator_batch import Search
from transcriber.settings import DecodingSettings

_SPECIAL = -1
"""In a list of suppressed tokens it stands for those of special characters."""

_LATEST_FIRST = 1.0
"""Seconds into a window at which its first words begin at the latest."""
_WINDOW_SECONDS = 30.0


def initial_tokens(tokenizer: Any, prompt: list[int], limit: int) -> list[int]:
    """Return what a window is decoded behind.

    Parameters
    ----------
    tokenizer : whisper.tokenizer.Tokenizer
        That of the language and the task.
    prompt : list of int
        Tokens of the text before the window.
    limit : int
        How many of them, the last ones, the decoder takes.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> initial_tokens(SimpleNamespace(sot_prev=9, sot_sequence=(1, 2)), [5, 6, 7], 2)
    [9, 6, 7, 1, 2]
    """
    before = [tokenizer.sot_prev, *prompt[-limit:]] if prompt else []
    return [*before, *tokenizer.sot_sequence]


def suppressed_tokens(tokenizer: Any, given: str, vocabulary: int) -> tuple[int, ...]:
    """Return the tokens that are never to be written.

    Parameters
    ----------
    tokenizer : whisper.tokenizer.Tokenizer
        That of the language and the task.
    given : str
        What the user asked for: numbers with commas between them.
    vocabulary : int
        How many tokens there are.

    Returns
    -------
    tuple of int
        In rising order, each once.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> marks = ("sot", "sot_prev", "sot_lm", "transcribe", "translate", "no_speech")
    >>> tokenizer = SimpleNamespace(**{mark: 1 for mark in marks})
    >>> suppressed_tokens(tokenizer, "0,-2", 10)
    (0, 1, 8)
    """
    # An empty list switches even the decoder's own suppression off in openai-whisper.
    if not given:
        return ()
    tokens = {int(number) for number in given.split(",")}
    if _SPECIAL in tokens:
        tokens = {token for token in tokens if token >= 0} | set(tokenizer.non_speech_tokens)
    marks = ("transcribe", "translate", "sot", "sot_prev", "sot_lm", "no_speech")
    tokens |= {getattr(tokenizer, mark) for mark in marks}
    # Negative numbers count from the end.
    return tuple(sorted({token % vocabulary for token in tokens}))


def search_of(
    settings: DecodingSettings,
    tokenizer: Any,
    dimensions: dict[str, int],
    *,
    prompt: list[int],
    temperature: float,
    exact: bool,
) -> Search:
    """Return how a window is decoded.

    Parameters
    ----------
    settings : DecodingSettings
        What the user wants.
    tokenizer : whisper.tokenizer.Tokenizer
        That of the language and the task.
    dimensions : dict of str to int
        Those of the model.
    prompt : list of int
        What `initial_tokens` returned.
    temperature : float
        0 for beam search or greedy decoding, else for sampling.
    exact : bool
        Whether samples are to be openai-whisper's.
    """
    vocabulary = dimensions["n_vocab"]
    sampling = temperature > 0
    penalty = settings.length_penalty
    return Search(
        vocabulary=vocabulary,
        sot_index=prompt.index(tokenizer.sot),
        eot=tokenizer.eot,
        no_speech=tokenizer.no_speech,
        timestamp_begin=tokenizer.timestamp_begin,
        no_timestamps=tokenizer.no_timestamps,
        timestamps=True,
        suppress=suppressed_tokens(tokenizer, settings.suppress_tokens, vocabulary),
        # A window does not begin with a blank, and is not empty.
        suppress_first=(*tokenizer.encode(" "), tokenizer.eot),
        max_initial_timestamp=round(_LATEST_FIRST * dimensions["n_audio_ctx"] / _WINDOW_SECONDS),
        sample_len=dimensions["n_text_ctx"] // 2,
        beam_size=0 if sampling else settings.beam_size or 0,
        # 0 is unset for openai-whisper, too.
        patience=(None if sampling else settings.patience) or 1.0,
        length_penalty=-1.0 if penalty is None else penalty,
        best_of=(settings.best_of if sampling else None) or 1,
        temperature=temperature,
        seed=settings.seed,
        exact_sampling=exact and sampling,
    )
