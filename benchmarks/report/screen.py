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

    The growth since the stored report explains a broken size. In the history of earlier runs, the
    last one on such a processor explains a broken time.
    """
    verdicts, raised, removed = judgement.verdicts, judgement.unreasoned, judgement.removed
    broken, noisy, unmeasured, met = (
        [one for one in verdicts if one.state is state]
        for state in (State.BROKEN, State.NOISY, State.UNMEASURED, State.MET)
    )
    lines = [
        f"benchmarks: of {len(verdicts)} budgets {len(met)} are met, {len(broken)} broken, "
        f"{len(noisy)} undecided in the noise, {len(unmeasured)} not measured here"
    ]
    grown = {one.artefact: explain(one, _ROWS).splitlines() for one in growth}
    slower = _slower(results, history)
    room, told = _ROOM, [[""]]
    for things in (broken, judgement.breaches):
        for thing in things[:_MOST]:
            line, causes = _with_causes(thing, grown, slower)
            lines += ["", line]
            # Many budgets break together, of one cause.
            if causes not in told:
                told.append(causes)
                lines += [f"        {cause}" for cause in causes[:room]]
                room -= len(causes[:room])
        lines += _further(things)
    lines += [f"FAILED  {failure}" for failure in judgement.failures]
    for kind in (
        [f"RAISED  {one.figure} to {one.ceiling}, and nothing says why" for one in raised],
        [f"REMOVED {one.figure}, and nothing says why" for one in removed],
        [f"noisy   {one.figure}: {_how_much(one)}: {one.reason}" for one in noisy],
    ):
        lines += [*kind[:_MOST], *_further(kind)]
    lines += [f"note    {one}" for one in (*judgement.remarks, *_unexpected(unmeasured))]
    if broken or judgement.breaches or raised or removed:
        lines += ["", OVERRIDE]
    return "\n".join(lines)


def _further(things: Sequence[object]) -> list[str]:
    return [f"and {len(things) - _MOST} more"] if len(things) > _MOST else []


def _unexpected(unmeasured: Iterable[Verdict]) -> list[str]:
    """Return a line for each reason for which the machine could not measure what it should."""
    missing: dict[str, list[str]] = {}
    for one in unmeasured:
        if one.reason not in (IN_FULL_ONLY, NOT_ASKED_FOR):
            missing.setdefault(one.reason, []).append(one.figure)
    return [
        f"not measured: {first}{f' and {len(others)} more' if others else ''}: {reason}"
        for reason, (first, *others) in missing.items()
    ]


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


def _with_causes(
    thing: Verdict | Breach, grown: Mapping[str, list[str]], slower: list[str]
) -> tuple[str, list[str]]:
    """Return a line of what is wrong, and those that say what it comes from."""
    if isinstance(thing, Breach):
        line = f"GREW    {thing.artefact}: {thing.bytes:+,} bytes in one change"
        return line, thing.explanation.splitlines()
    kind, _, rest = thing.figure.partition("/")
    causes = grown.get(rest.partition("/")[0], []) if kind == "size" else []
    if kind in _TAKE_TIME:
        causes = slower
    return f"BROKEN  {thing.figure}: {_how_much(thing)}", causes


def _slower(results: Results, history: Sequence[Entry]) -> list[str]:
    """Return a line for each figure that explains why a run takes longer, the parts first."""
    processor = results.machine.get("processor")
    before = next((one for one in reversed(history) if one.processor == processor), None)
    if before is None:
        return []
    moved = [
        (change, figure)
        for figure in results.figures
        # What the noise alone may have moved is no cause.
        if 0 < before.figures.get(figure.name, 0) < (figure.low or figure.value)
        and (change := figure.value / before.figures[figure.name] - 1) > _MOVED
        and figure.name.partition("/")[0] in (*_TAKE_TIME, "count")
    ]
    # Of the whole, the parts say most.
    moved.sort(key=lambda pair: (not pair[1].name.startswith("part/"), -pair[0]))
    return [
        f"{figure.name}: {quantity(before.figures[figure.name], figure.unit)} -> "
        f"{quantity(figure.value, figure.unit)} ({change:+.0%} since {before.revision[:9]})"
        for change, figure in moved[:_MOST]
    ]
