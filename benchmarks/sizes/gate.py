"""Hold each change to its size: what grows by more than 16 KiB says why in its commit.

The reason is a line at the end of the commit's message::

    Binary-Size: the decoder of Opus, which voice messages have

It counts for the growth since the report before. Two comparisons find what lacks one: what was
built now with the report of the last commit, and each report with the one before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.judging.file_versions import git, is_shallow
from benchmarks.sizes.changes import compare, explain
from benchmarks.sizes.stored import REPORT, parse_sizes, read_sizes
from buildkit.errors import BuildError, InputError

ALLOWED = 16 * 1024
"""Bytes that an artefact may grow by in a change that gives no reason."""

TRAILER = "Binary-Size"

_VERSIONS = 20
"""How many reports are looked back at: older ones were judged when they were new."""

_SHALLOW = "the clone has not the whole history: git fetch --unshallow gets the rest"


@dataclass(frozen=True, kw_only=True)
class Breach:
    """An artefact that grew without a reason.

    Attributes
    ----------
    artefact : str
        Its name.
    bytes, allowed : int
        How much it grew, and how much it may.
    explanation : str
        Which change it was, and what grew; several lines.
    """

    artefact: str
    bytes: int
    allowed: int
    explanation: str


@dataclass(frozen=True, kw_only=True)
class GrowthVerdict:
    """What the history says about the sizes.

    Attributes
    ----------
    breaches : tuple of Breach
        What is not allowed; empty where all is well or nothing could be judged.
    unjudged : str or None
        Why it could not be judged; None when it was.
    """

    breaches: tuple[Breach, ...] = ()
    unjudged: str | None = None


def judge_growth(checkout: Path, now: Mapping[str, ArtefactSizes]) -> GrowthVerdict:
    """Judge the sizes `now` of what was built in `checkout`, and the reports of its history."""
    try:
        shallow = is_shallow(checkout)
        breaches = _judge_built(checkout, now)
        if shallow:
            # The last report is there; the ones before, and their reasons, may not be.
            return GrowthVerdict(breaches=tuple(breaches), unjudged=_SHALLOW)
        breaches += _judge_reports(checkout)
    except BuildError as reason:
        return GrowthVerdict(unjudged=str(reason))
    return GrowthVerdict(breaches=tuple(breaches))


def report_of_last_commit(checkout: Path) -> dict[str, ArtefactSizes] | None:
    """Return the report that the last commit has, or that in the folder where it has none.

    Returns
    -------
    dict or None
        None where there is neither, or it cannot be read.
    """
    try:
        text = _shown(checkout, "HEAD")
        return parse_sizes(text) if text is not None else read_sizes(checkout / REPORT)
    except (BuildError, ValueError):
        return None


def _judge_built(checkout: Path, now: Mapping[str, ArtefactSizes]) -> list[Breach]:
    base = report_of_last_commit(checkout)
    if base is None:
        raise InputError(f"there is no readable {REPORT} to compare with")
    last = git(checkout, "log", "-1", "--format=%H", "--", str(REPORT)).strip()
    if last and _reasons(checkout, f"{last}..HEAD"):
        return []
    return _breaches(base, now, "what was built, against the report of the last commit")


def _judge_reports(checkout: Path) -> list[Breach]:
    """Judge each report by the one before it, and by the reasons given between the two."""
    breaches = []
    words = ("log", f"-{_VERSIONS + 1}", "--format=%H", "--", str(REPORT))
    texts = {commit: _shown(checkout, commit) for commit in git(checkout, *words).split()}
    # A commit that took the report away hides nothing: the next is held to the one before it.
    there = [(commit, text) for commit, text in texts.items() if text is not None]
    for (commit, after), (previous, before) in itertools.pairwise(there):
        if _reasons(checkout, f"{previous}..{commit}"):
            continue
        try:
            base, now = parse_sizes(before), parse_sizes(after)
        except ValueError as error:
            raise InputError(f"{REPORT} of {commit[:12]}: {error}") from error
        breaches += _breaches(base, now, f"commit {commit[:12]}, against the one before it")
    return breaches


def _breaches(
    base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes], what: str
) -> list[Breach]:
    return [
        Breach(
            artefact=growth.artefact,
            bytes=growth.delta,
            allowed=ALLOWED,
            explanation=f"{what}\n{explain(growth)}",
        )
        for growth in compare(base, now)
        if growth.delta > ALLOWED
    ]


def _reasons(checkout: Path, commits: str) -> list[str]:
    """Return the reasons that a range of commits gives."""
    form = f"--format=%(trailers:key={TRAILER},valueonly)"
    lines = git(checkout, "log", form, commits).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _shown(checkout: Path, commit: str) -> str | None:
    """Return the text of the report in a commit, None where it has none."""
    if not git(checkout, "ls-tree", "--name-only", commit, str(REPORT)).strip():
        return None
    return git(checkout, "show", f"{commit}:{REPORT}")
