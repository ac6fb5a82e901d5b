"""Hold each change to its size: what grows by more than 16 KiB says why in its commit.

The reason is a line at the end of the commit's message::

    Binary-Size: the decoder of Opus, which voice messages have

It counts for the growth since the report before. Two comparisons find what lacks one: what was
built now with the report of the last commit, and each report with the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import ArtefactSizes
from benchmarks.size_changes import compare, explain
from benchmarks.stored_sizes import REPORT, parse_sizes, read_sizes
from scripts.commands import last_line, run_quietly
from transcriber.errors import TranscriberError

ALLOWED = 16 * 1024
"""Bytes that an artefact may grow by in a change that gives no reason."""

TRAILER = "Binary-Size"

_VERSIONS = 20
"""How many reports are looked back at: older ones were judged when they were new."""

_SECONDS = 60.0


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


class _CannotJudgeError(Exception):
    pass


def judge_growth(checkout: Path, now: Mapping[str, ArtefactSizes]) -> GrowthVerdict:
    """Judge the sizes `now` of what was built in `checkout`, and the reports of its history."""
    try:
        if _git(checkout, "rev-parse", "--is-shallow-repository").strip() != "false":
            raise _CannotJudgeError(
                "the clone has not the whole history: git fetch --unshallow gets the rest"
            )
        breaches = [*_judge_built(checkout, now), *_judge_reports(checkout)]
    except _CannotJudgeError as reason:
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
    except (_CannotJudgeError, TranscriberError, ValueError):
        return None


def _judge_built(checkout: Path, now: Mapping[str, ArtefactSizes]) -> list[Breach]:
    base = report_of_last_commit(checkout)
    if base is None:
        raise _CannotJudgeError(f"there is no readable {REPORT} to compare with")
    last = _git(checkout, "log", "-1", "--format=%H", "--", str(REPORT)).strip()
    if last and _reasons(checkout, f"{last}..HEAD"):
        return []
    return _breaches(base, now, "what was built, against the report of the last commit")


def _judge_reports(checkout: Path) -> list[Breach]:
    breaches = []
    words = ("log", f"-{_VERSIONS + 1}", "--format=%H", "--", str(REPORT))
    commits = _git(checkout, *words).split()
    for index, commit in enumerate(commits[:_VERSIONS]):
        # A report that was deleted and came back is held to the one that it had been.
        earlier = (f"{commit}^", *commits[index + 1 :])
        before = next(filter(None, (_shown(checkout, name) for name in earlier)), None)
        after = _shown(checkout, commit)
        if before is None or after is None or _reasons(checkout, "-1", commit):
            continue
        try:
            base, now = parse_sizes(before), parse_sizes(after)
        except ValueError as error:
            raise _CannotJudgeError(f"{REPORT} of {commit[:12]}: {error}") from error
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


def _reasons(checkout: Path, *commits: str) -> list[str]:
    """Return the reasons that `commits` give."""
    form = f"--format=%(trailers:key={TRAILER},valueonly)"
    lines = _git(checkout, "log", form, *commits).splitlines()
    return [line.strip() for line in lines if line.strip()]


def _shown(checkout: Path, commit: str) -> str | None:
    """Return the text of the report in a commit, None where it has none."""
    try:
        _git(checkout, "cat-file", "-e", f"{commit}:{REPORT}")
    except _CannotJudgeError:
        return None
    return _git(checkout, "show", f"{commit}:{REPORT}")


def _git(checkout: Path, *words: str) -> str:
    try:
        code, output = run_quietly(["git", "-C", checkout, *words], limit=_SECONDS)
    except TranscriberError as error:
        raise _CannotJudgeError(str(error)) from error
    if code:
        raise _CannotJudgeError(f"git cannot tell: {last_line(output)}")
    return output
