"""Tell on one screen which budgets are broken, by how much, by what, and what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.figures import Results
from benchmarks.judging.budgets import Budget
from benchmarks.judging.history import Entry
from benchmarks.judging.judge import State, Verdict
from benchmarks.plan import IN_FULL_ONLY, NOT_ASKED_FOR
from benchmarks.report.quantities import quantity
from benchmarks.sizes.changes import Growth, explain
from benchmarks.sizes.gate import ALLOWED, TRAILER, Breach

_MOST = 5
"""What is shown of each kind; the report has all."""

_ROOM = 16
"""Lines of causes that fit on a screen together with these."""

_CAUSES = 5
_ROWS = 2
"""Lines of each kind of thing that grew."""

_TAKE_TIME = ("start", "memory", "speed", "part")
"""Kinds of figures that others explain."""

_MOVED = 0.02
"""What a figure must have changed by to be named as a cause, by its value."""

OVERRIDE = f"""\
To let it pass: raise the ceiling in benchmarks/budgets.toml as {{ ceiling = ..., raised = DATE,
why = "..." }}, or name a figure that is gone in its table [removed] with the reason; for more than
{ALLOWED // 1024} KiB in one change, end the commit's message with the line "{TRAILER}: why". Then
make bench-accept keeps the new sizes for the next comparison.
All figures: build/benchmarks/index.html and report.md; how to read them: benchmarks/README.md."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """All that was judged.

    Attributes
    ----------
    verdicts : tuple of Verdict
        What became of the budgets.
    breaches : tuple of Breach
        Artefacts that grew by too much in one change.
    unreasoned, removed : tuple of Budget
        Ceilings that were raised, and those that were taken out, without a word.
    failures : tuple of str
        What could not be measured because it failed.
    remarks : tuple of str
        What else could not be judged, and why.
    """

    verdicts: tuple[Verdict, ...]
    breaches: tuple[Breach, ...] = ()
    unreasoned: tuple[Budget, ...] = ()
    removed: tuple[Budget, ...] = ()
    failures: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the change may land."""
        broken = any(verdict.state is State.BROKEN for verdict in self.verdicts)
        silent = self.unreasoned or self.removed
        return not (broken or self.breaches or silent or self.failures)


def screen(
    results: Results,
    judgement: Judgement,
    *,
    growth: Sequence[Growth] = (),
    history: Sequence[Entry] = (),
) -> str:
    """Return the text: one line where all is well.

    Parameters
    ----------
    results : Results
        What was measured.
    judgement : Judgement
        What became of it.
    growth : sequence of Growth
        How each artefact changed since the stored report, which explains a broken size.
    history : sequence of Entry
        Earlier runs; the last one on such a processor explains a broken time.
    """
    verdicts, breaches = judgement.verdicts, judgement.breaches
    broken = [one for one in verdicts if one.state is State.BROKEN]
    counts = {state: sum(one.state is state for one in verdicts) for state in State}
    lines = [
        f"benchmarks: of {len(verdicts)} budgets {counts[State.MET]} are met, "
        f"{counts[State.BROKEN]} broken, {counts[State.NOISY]} undecided in the noise, "
        f"{counts[State.UNMEASURED]} not measured here"
    ]
    grown = {one.artefact: one for one in growth}
    room, explained = _ROOM, [[""]]
    for verdict in broken[:_MOST]:
        lines += ["", f"BROKEN  {verdict.figure}: {_how_much(verdict)}"]
        causes = _causes(verdict, results, grown, history)
        # Many budgets break together, of one cause.
        if causes not in explained:
            explained.append(causes)
            lines += _indented(causes[:room])
            room -= len(causes[:room])
    lines += _further(len(broken) - _MOST)
    for breach in breaches[:_MOST]:
        lines += ["", f"GREW    {breach.artefact}: {breach.bytes:+,} bytes in one change"]
        causes = breach.explanation.splitlines()
        lines += _indented(causes[:room])
        room -= len(causes[:room])
    lines += _further(len(breaches) - _MOST)
    lines += [f"FAILED  {failure}" for failure in judgement.failures]
    unreasoned = judgement.unreasoned
    lines += [
        f"RAISED  {one.figure} to {one.ceiling}, and nothing says why" for one in unreasoned[:_MOST]
    ]
    lines += _further(len(unreasoned) - _MOST)
    lines += [f"REMOVED {one.figure}, and nothing says why" for one in judgement.removed[:_MOST]]
    lines += _further(len(judgement.removed) - _MOST)
    noisy = [one for one in verdicts if one.state is State.NOISY]
    lines += [f"noisy   {one.figure}: {_how_much(one)}: {one.reason}" for one in noisy[:_MOST]]
    lines += _further(len(noisy) - _MOST)
    lines += [f"note    {remark}" for remark in (*judgement.remarks, *_unexpected(verdicts))]
    if broken or breaches or unreasoned or judgement.removed:
        lines += ["", OVERRIDE]
    return "\n".join(lines)


def _unexpected(verdicts: Iterable[Verdict]) -> list[str]:
    """Return a line for each reason for which the machine could not measure what it should."""
    missing: dict[str, list[str]] = {}
    for one in verdicts:
        if one.state is State.UNMEASURED and one.reason not in (IN_FULL_ONLY, NOT_ASKED_FOR):
            missing.setdefault(one.reason, []).append(one.figure)
    return [
        f"not measured: {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''}: {reason}"
        for reason, names in missing.items()
    ]


def _further(count: int) -> list[str]:
    return [f"and {count} more"] if count > 0 else []


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"        {line}" for line in lines]


def _how_much(verdict: Verdict) -> str:
    if verdict.value is None:
        return verdict.reason
    text = quantity(verdict.value, verdict.unit)
    if verdict.low is not None and verdict.high is not None:
        low, high = (quantity(end, verdict.unit) for end in (verdict.low, verdict.high))
        text += f" ({low} to {high})"
    text += f", ceiling {quantity(verdict.ceiling, verdict.unit)}"
    if verdict.ceiling > 0:
        text += f", {verdict.value / verdict.ceiling - 1:+.1%}"
    return text


def _causes(
    verdict: Verdict,
    results: Results,
    grown: Mapping[str, Growth],
    history: Sequence[Entry],
) -> list[str]:
    """Return lines that say what a broken budget comes from."""
    kind, _, rest = verdict.figure.partition("/")
    artefact = rest.partition("/")[0]
    if kind == "size":
        change = grown.get(artefact)
        return explain(change, _ROWS).splitlines() if change else []
    if kind not in _TAKE_TIME:
        return []
    processor = results.machine.get("processor")
    before = next((one for one in reversed(history) if one.processor == processor), None)
    if before is None:
        return []
    moved = [
        (figure.value / before.figures[figure.name] - 1, figure)
        for figure in results.figures
        # What the noise alone may have moved is no cause.
        if 0 < before.figures.get(figure.name, 0) < (figure.low or figure.value)
        and figure.name.partition("/")[0] in (*_TAKE_TIME, "count")
    ]
    moved = [(change, figure) for change, figure in moved if change > _MOVED]
    # Of the whole, the parts say most.
    moved.sort(key=lambda pair: (not pair[1].name.startswith("part/"), -pair[0]))
    return [
        f"{figure.name}: {quantity(before.figures[figure.name], figure.unit)} -> "
        f"{quantity(figure.value, figure.unit)} ({change:+.0%} since {before.revision[:9]})"
        for change, figure in moved[:_CAUSES]
    ]
