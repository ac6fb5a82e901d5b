"""What the fewer bits of ``auto`` cost: its transcripts by those of ``float32``.

One recording more or less that comes out well moves an error rate by more than the bits do. So a
difference has an interval: recordings are drawn again and again out of those that there are, both
transcripts of each together, and 95 % of what comes out lies within it.
"""

from __future__ import annotations

import difflib
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.error_rates import errors_of, normalised, unit_of
from benchmarks.figures import Figure
from benchmarks.manifest import Speech
from benchmarks.measuring.comparison import CONFIDENCE
from benchmarks.measuring.token_differences import differing, tokens_of

AGAINST = "against float32"
"""What stands in the names of the figures."""

FEWEST_WORDS = 0.8
"""Of the words that float32 writes, and of those that were said: with less, something is lost."""

SENTENCE = 6
"""Words in a row without which a sentence is lost, however long the recording."""

_DRAWS = 2000


class Pair(NamedTuple):
    """Words, or characters, that were said, and the errors of two transcripts of them."""

    said: int
    fast: int
    exact: int


def precision_figures(
    start: str, speech: Sequence[Speech], fast: Path, exact: Path
) -> list[Figure]:
    """Compare two folders of transcripts.

    Parameters
    ----------
    start : str
        What the names of the figures begin with: how much higher the error rate is, of each
        language and of all together; the share of tokens that differ; and how many recordings lost
        a sentence.
    speech : sequence of Speech
        The recordings.
    fast, exact : Path
        Folders with what was written by ``auto`` and by ``float32``.
    """
    start = f"{start}/{AGAINST}"
    pairs: dict[str, list[Pair]] = {}
    lost, tokens, apart = 0, 0, 0
    for one in speech:
        texts = [(folder / f"{one.path.stem}.txt").read_text("utf-8") for folder in (fast, exact)]
        (said, wrong), (_, before) = (errors_of(one.language, one.transcript, x) for x in texts)
        pairs.setdefault(one.language, []).append(Pair(said, fast=wrong, exact=before))
        words = [normalised(one.language, text).split() for text in texts]
        lost += loses_a_sentence(*words, said=said, worse=wrong > before)
        ours, theirs = (tokens_of(folder / f"{one.path.stem}.json") for folder in (fast, exact))
        tokens, apart = tokens + len(theirs), apart + differing(theirs, ours)
    figures = [
        _difference(f"{start}/{language} {unit_of(language)} above it", some)
        for language, some in sorted(pairs.items())
    ]
    every = [pair for some in pairs.values() for pair in some]
    return [
        *figures,
        _difference(f"{start}/pooled errors above it", every),
        Figure(name=f"{start}/differing tokens", value=apart / max(1, tokens), unit="errors"),
        Figure(name=f"{start}/recordings that lost a sentence", value=float(lost)),
    ]


def loses_a_sentence(fast: Sequence[str], exact: Sequence[str], *, said: int, worse: bool) -> bool:
    """Whether something that float32 writes is missing.

    What float32 repeats or makes up where nobody speaks is no loss: `said` is how many words were
    said, and `worse` whether the first has more errors than the second.
    """
    if len(fast) < FEWEST_WORDS * min(len(exact), said):
        return True
    matcher = difflib.SequenceMatcher(a=exact, b=fast, autojunk=False)
    missing = (end - begin for kind, begin, end, *_ in matcher.get_opcodes() if kind == "delete")
    return worse and max(missing, default=0) >= SENTENCE


def _difference(name: str, pairs: Sequence[Pair]) -> Figure:
    drawn = random.Random(0)  # noqa: S311 - the same of the same transcripts
    draws = [_rate(drawn.choices(pairs, k=len(pairs))) for _ in range(_DRAWS)]
    ends = statistics.quantiles(draws, n=round(2 / (1 - CONFIDENCE)), method="inclusive")
    value = _rate(pairs)
    return Figure(
        name=name,
        value=value,
        unit="errors",
        # What was drawn may lie on one side of what there is.
        low=min(ends[0], value),
        high=max(ends[-1], value),
        rounds=len(pairs),
    )


def _rate(pairs: Sequence[Pair]) -> float:
    more = sum(pair.fast - pair.exact for pair in pairs)
    return more / max(1, sum(pair.said for pair in pairs))
