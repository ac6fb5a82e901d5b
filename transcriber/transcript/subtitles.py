"""Cutting subtitles for those who read them: from words with times to cues.

No word is left out, and no cue begins before the one before it ends.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

from transcriber.engine.interface import TimedText
from transcriber.settings import OutputSettings
from transcriber.text_width import text_width
from transcriber.transcript.best_cuts import Rules, best_cuts
from transcriber.transcript.words import ShownWord, units_of, words_of

_SHORTEST = 0.005
"""Seconds that every cue lasts at least; a word's times are multiples of twice that."""


@dataclass(frozen=True, kw_only=True)
class Cue:
    """What is shown at a time, in lines, and its times in seconds."""

    lines: tuple[str, ...]
    start: float
    end: float


PRESETS = {
    "standard": Rules(width=42, lines=2, shortest=1.0, longest=7.0, pace=17.0),
    "short": Rules(width=28, lines=1, shortest=0.7, longest=4.0, pace=17.0),
    # No line has room for two words.
    "words": Rules(width=1, lines=1, shortest=0.1, longest=math.inf, pace=math.inf),
}
"""The rules by the names that the command line has for them."""


def rules_of(output: OutputSettings) -> Rules | None:
    """Return the rules that the user wants; None where openai-whisper's cues will do.

    Examples
    --------
    >>> rules_of(OutputSettings(subtitles="short", max_line_width=32))
    Rules(width=32, lines=1, shortest=0.7, longest=4.0, pace=17.0)
    """
    if output.subtitles is None:
        return None
    rules = PRESETS[output.subtitles]
    if output.subtitles == "words":
        return rules
    return dataclasses.replace(
        rules,
        width=output.max_line_width or rules.width,
        lines=output.max_line_count or rules.lines,
    )


def recut(segments: Sequence[TimedText], rules: Rules) -> list[TimedText]:
    """Return segments that have a cue each, without words.

    Parameters
    ----------
    segments : sequence of TimedText
        What is said, in order.
    rules : Rules
        What the cues should be.

    Examples
    --------
    >>> recut([{"start": 1.0, "end": 3.0, "text": " Good morning."}], PRESETS["standard"])
    [{'start': 1.0, 'end': 3.0, 'text': 'Good morning.'}]
    """
    return [
        {"start": cue.start, "end": cue.end, "text": "\n".join(cue.lines)}
        for cue in cut(words_of(segments), rules)
    ]


def cut(words: Sequence[ShownWord], rules: Rules) -> list[Cue]:
    """Cut words into cues.

    Parameters
    ----------
    words : sequence of ShownWord
        In the order of their times, which do not overlap: see `words_of`.
    rules : Rules
        What the cues should be.

    Returns
    -------
    list of Cue
        Every word is in one of them, in order. None ends after the next one's beginning, nor, if it
        lasts at all, after the last word.

    Examples
    --------
    >>> cut([ShownWord(text=" Yes.", start=1.0, end=1.5)], PRESETS["short"])
    [Cue(lines=('Yes.',), start=1.0, end=1.5)]
    """
    units = units_of(words)
    groups = _lasting([units[start:end] for start, end in best_cuts(units, rules)])
    cues = []
    for number, group in enumerate(groups):
        start, said = group[0].start, group[-1].end
        limit = groups[number + 1][0].start if number + 1 < len(groups) else said
        read = max(rules.shortest, _columns(group) / rules.pace)
        end = min(max(said, start + read), limit, start + rules.longest)
        if end - start < _SHORTEST:
            # There is no other one that it could be joined with.
            start = max(0.0, start - _SHORTEST)
            end = start + _SHORTEST
        cues.append(Cue(lines=_wrapped(group, rules), start=start, end=end))
    return cues


def _lasting(groups: Sequence[Sequence[ShownWord]]) -> list[list[ShownWord]]:
    """Join what has no length with what is beside it: no player shows it."""
    lasting: list[list[ShownWord]] = []
    for group in groups:
        start = group[0].start
        if lasting and start - lasting[-1][0].start < _SHORTEST:
            lasting[-1] = [*lasting[-1], *group]
        else:
            lasting.append(list(group))
    if len(lasting) > 1 and lasting[-1][-1].end - lasting[-1][0].start < _SHORTEST:
        last = lasting.pop()
        lasting[-1] = [*lasting[-1], *last]
    return lasting


def _columns(group: Sequence[ShownWord]) -> int:
    return text_width("".join(unit.text for unit in group).strip())


def _wrapped(group: Sequence[ShownWord], rules: Rules) -> tuple[str, ...]:
    """Break a cue into as few lines as hold it, about equally long."""
    lines = _filled(group, rules.width)
    # No narrower ones could hold all, even if each were full.
    for width in range(max(_columns(group) // len(lines) - 1, 1), rules.width):
        narrower = _filled(group, width)
        if len(narrower) <= len(lines):
            return tuple(narrower)
    return tuple(lines)


def _filled(group: Sequence[ShownWord], width: int) -> list[str]:
    lines = [group[0].text.strip()]
    for unit in group[1:]:
        longer = lines[-1] + unit.text
        if text_width(longer) > width:
            lines.append(unit.text.strip())
        else:
            lines[-1] = longer
    return lines
