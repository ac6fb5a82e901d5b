"""Where cues end: of all ways to cut, the one that reads best.

Cues end at sentences, clauses and pauses, stand long enough to be read, and are few. What no way
can keep, such as the pace of somebody who talks faster than one can read, is kept as far as it
goes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.text_width import text_width
from transcriber.transcript.words import ShownWord

_PAUSE = 0.3
"""Seconds of silence at which a cue may well end."""

_LONG_PAUSE = 1.5
"""Seconds of silence that no cue stands over, unless it has to."""

SENTENCE_ENDS = tuple(".!?…。！？؟।")
_CLAUSE_ENDS = tuple(",;:，、；：،–—")
CLOSING = "\"'”’»)]」』）"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a reader wants.

    Attributes
    ----------
    width, lines : int
        Columns of a line, and lines of a cue.
    shortest, longest : float
        Seconds that a cue stands.
    pace : float
        Columns that are read in a second.
    """

    width: int
    lines: int
    shortest: float
    longest: float
    pace: float


def best_cuts(units: Sequence[ShownWord], rules: Rules) -> list[tuple[int, int]]:
    """Return the first unit of each cue and the one behind its last, the best of all ways.

    Parameters
    ----------
    units : sequence of ShownWord
        What is not cut, in order.
    rules : Rules
        What cues should be. A unit that breaks them has one of its own.

    Returns
    -------
    list of (int, int)
        In order; together they have every unit once.

    Examples
    --------
    >>> rules = Rules(width=42, lines=2, shortest=1.0, longest=7.0, pace=17.0)
    >>> words = [ShownWord(text=f" {n}.", start=2.0 * n, end=2.0 * n + 0.5) for n in range(3)]
    >>> best_cuts(words, rules)
    [(0, 1), (1, 2), (2, 3)]
    """
    count = len(units)
    costs = [0.0] + [math.inf] * count
    origins = [0] * (count + 1)
    widths = [text_width(unit.text.strip()) for unit in units]
    blanks = [int(unit.text[0].isspace()) for unit in units]
    ends = [_cost_of_end(units, number) for number in range(count)]
    for start in range(count):
        lines, column, columns, inside = 1, 0, -blanks[start], 0.0
        for last in range(start, count):
            needed = column + blanks[last] * (column > 0) + widths[last]
            if column and needed > rules.width:
                lines, needed = lines + 1, widths[last]
            column = needed
            columns += widths[last] + blanks[last]
            too_long = units[last].end - units[start].start > rules.longest
            if last > start and (lines > rules.lines or too_long):
                break
            following = units[last + 1].start if last + 1 < count else units[last].end
            time = max(following - units[start].start, units[last].end - units[start].start)
            cost = costs[start] + inside + ends[last][0] + _cost_of_cue(columns, time, rules)
            if cost < costs[last + 1]:
                costs[last + 1], origins[last + 1] = cost, start
            inside += ends[last][1]
    cuts: list[tuple[int, int]] = []
    end = count
    while end:
        cuts.append((origins[end], end))
        end = origins[end]
    return cuts[::-1]


def _cost_of_end(units: Sequence[ShownWord], number: int) -> tuple[float, float]:
    """Return what it costs to end a cue behind a unit, and what it costs not to."""
    if number + 1 == len(units):
        return 0.0, 0.0
    pause = units[number + 1].start - units[number].end
    if pause >= _LONG_PAUSE:
        return 0.0, 50.0
    silence = 6.0 * pause if pause >= _PAUSE else 0.0
    text = units[number].text.strip().rstrip(CLOSING)
    if text.endswith(SENTENCE_ENDS) and not _is_abbreviation(text, units[number + 1].text):
        return 0.0, 4.0 + silence
    if silence:
        return 1.0, silence
    if text.endswith(_CLAUSE_ENDS):
        return 2.0, 0.0
    # Behind a short word, mostly an article or a preposition, it reads worst.
    return (6.0 if text_width(text) > 3 else 8.0), 0.0


def _is_abbreviation(text: str, following: str) -> bool:
    """Whether a full stop seems to end no sentence, as in "Mr. Bennet" and "usw. und"."""
    return following.lstrip()[:1].islower() or (
        text.endswith(".") and len(text) <= 3 and text[0].isupper()
    )


def _cost_of_cue(columns: int, time: float, rules: Rules) -> float:
    """Return what a cue costs: the more, the emptier it is, and the less time its reader has."""
    cost = 1 + (1 - min(columns / (rules.width * rules.lines), 1)) ** 2
    needed = max(rules.shortest, columns / rules.pace)
    return cost if time >= needed else cost + 3 + 6 * (needed - time) / needed
