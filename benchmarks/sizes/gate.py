"""Hold each change to its size: what grows by more than 16 KiB says why in its commit.

The reason is a line at the end of the commit's message::

    Binary-Size: the decoder of Opus, which voice messages have

It counts for the growth since the report before. Two comparisons find what lacks one: what was
built now with the report of the last commit, and each report with the one before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.judging.file_versions import git, version_of, versions_by_commit
from benchmarks.sizes.changes import compare, explain
from benchmarks.sizes.stored import REPORT, parse_sizes, read_sizes
from buildkit.errors import BuildError, InputError

ALLOWED = 16 * 1024
"""Bytes that an artefact may grow by in a change that gives no reason."""

TRAILER = "Binary-Size"

_VERSIONS = 20
"""How many reports are looked back at: older ones were judged when they were new."""


@dataclass(frozen=True, kw_only=True)
class Breach:
    """An artefact that grew without a reason, by `bytes`; several lines say where and when."""

    artefact: str
    bytes: int
    allowed: int
    explanation: str


@dataclass(frozen=True, kw_only=True)
class GrowthVerdict:
    """What is not allowed, and why something could not be judged; None where all was."""

    breaches: tuple[Breach, ...] = ()
    unjudged: str | None = None


def judge_growth(checkout: Path, now: Mapping[str, ArtefactSizes]) -> GrowthVerdict:
    """Judge the sizes `now` of what was built in `checkout`, and the reports of its history."""
    breaches: list[Breach] = []
    try:
        breaches += _judge_built(checkout, now)
        breaches += _judge_reports(checkout)
    except BuildError as reason:
        return GrowthVerdict(breaches=tuple(breaches), unjudged=str(reason))
    return GrowthVerdict(breaches=tuple(breaches))


def report_of_last_commit(checkout: Path) -> dict[str, ArtefactSizes] | None:
    """Return the report that the last commit has, or that in the folder where it has none.

    None where there is neither, or it cannot be read.
    """
    try:
        text = version_of(checkout, REPORT, "HEAD")
        return parse_sizes(text) if text is not None else read_sizes(checkout / REPORT)
    except (BuildError, ValueError):
        return None


def _judge_built(checkout: Path, now: Mapping[str, ArtefactSizes]) -> Iterator[Breach]:
    # Where git cannot tell, it says so itself.
    last = git(checkout, "log", "-1", "--format=%H", "--", str(REPORT)).strip()
    base = report_of_last_commit(checkout)
    if base is None:
        raise InputError(f"there is no readable {REPORT} to compare with")
    if not (last and _reasons(checkout, f"{last}..HEAD")):
        yield from _breaches(base, now, "what was built, against the report of the last commit")


def _judge_reports(checkout: Path) -> Iterator[Breach]:
    """Judge each report by the one before it, and by the reasons given between the two."""
    # A commit that took the report away hides nothing: the next is held to the one before it.
    versions = versions_by_commit(checkout, REPORT, _VERSIONS + 1).items()
    for (commit, after), (previous, before) in itertools.pairwise(versions):
        if not _reasons(checkout, f"{previous}..{commit}"):
            try:
                base, now = parse_sizes(before), parse_sizes(after)
            except ValueError as error:
                raise InputError(f"{REPORT} of {commit[:12]}: {error}") from error
            yield from _breaches(base, now, f"commit {commit[:12]}, against the one before it")


def _breaches(
    base: Mapping[str, ArtefactSizes], now: Mapping[str, ArtefactSizes], what: str
) -> Iterator[Breach]:
    for growth in compare(base, now):
        if growth.delta > ALLOWED:
            yield Breach(
                artefact=growth.artefact,
                bytes=growth.delta,
                allowed=ALLOWED,
                explanation=f"{what}\n{explain(growth)}",
            )


def _reasons(checkout: Path, commits: str) -> str:
    """Return the reasons that a range of commits gives."""
    form = f"--format=%(trailers:key={TRAILER},valueonly)"
    return git(checkout, "log", form, commits).strip()
