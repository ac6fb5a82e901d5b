"""Cutting a recording into parts that can be decoded side by side: at pauses, and only there.

A part is as long as a window where there is a pause for it, and longer where there is none: its
windows are then decoded one behind the other, as in a recording that is not cut at all. So no word
is ever cut in two.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, takewhile

from transcriber.speech.spans import Span

SAMPLES = 16000
"""Of a second."""

WINDOW = 30 * SAMPLES
"""The longest part that is decoded at once."""

_LONG = 20 * SAMPLES
"""From here on a part ends at the longest pause; before that only where it must."""

_SHORT = 5 * SAMPLES
"""A part that is shorter takes as long as a whole one, and knows less of what is said."""


def cut_at_pauses(speech: Sequence[Span]) -> list[Span]:
    """Return the parts of a recording that are worth decoding.

    Parameters
    ----------
    speech : sequence of Span
        Where somebody speaks, with what is heard around it, in order; between two of them is a
        pause, which may have no length.

    Returns
    -------
    list of Span
        Each begins and ends with a span of `speech`; together they have all of these.

    Examples
    --------
    >>> spoken = [Span(start=16000 * n, end=16000 * n + 14000) for n in (0, 1, 40)]
    >>> cut_at_pauses(spoken)
    [Span(start=0, end=30000), Span(start=640000, end=654000)]
    """
    parts: list[Span] = []
    first = 0
    while first < len(speech):
        last = _last_of_part(speech, first)
        parts.append(Span(start=speech[first].start, end=speech[last].end))
        first = last + 1
    return parts


def with_silence(parts: Sequence[Span], whole: Span) -> list[Span]:
    """Return parts that leave nothing out: each reaches to the middle of the pauses around it.

    Parameters
    ----------
    parts : sequence of Span
        What `cut_at_pauses` returns.
    whole : Span
        What they are parts of.

    Examples
    --------
    >>> with_silence([Span(start=10, end=20), Span(start=40, end=50)], Span(start=0, end=60))
    [Span(start=0, end=30), Span(start=30, end=60)]
    """
    cuts = [(one.end + following.start) // 2 for one, following in pairwise(parts)]
    bounds = [whole.start, *cuts, whole.end]
    return [Span(start=start, end=end) for start, end in pairwise(bounds)]


def _last_of_part(speech: Sequence[Span], first: int) -> int:
    """Return which span is the last of the part that begins with `first`."""
    start = speech[first].start
    following = range(first, len(speech))
    fitting = list(takewhile(lambda number: speech[number].end - start <= WINDOW, following))
    if not fitting:
        return first
    last = fitting[-1]
    if last + 1 == len(speech):
        return last
    for least in (_LONG, _SHORT):
        candidates = [number for number in fitting if speech[number].end - start >= least]
        if candidates:
            # The longest pause behind it; the latest of equal ones.
            return max(
                candidates,
                key=lambda number: (speech[number + 1].start - speech[number].end, number),
            )
    return last
