"""The screen that a run ends with."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import example_results as example
from benchmarks.figures import Figure
from benchmarks.judging.budgets import Budget
from benchmarks.judging.history import Entry
from benchmarks.judging.judge import State, Verdict
from benchmarks.plan import IN_FULL_ONLY, NOT_ASKED_FOR
from benchmarks.report.screen import OVERRIDE, Judgement, screen
from benchmarks.sizes.changes import Growth, compare, explain
from benchmarks.sizes.gate import ALLOWED, TRAILER, Breach

RAISED = Budget(figure="speed/x", ceiling=0.9)
BREACH = Breach(artefact="wheel", bytes=70_000, allowed=ALLOWED, explanation="commit x\n1 -> 2")


def shown(
    verdicts: Sequence[Verdict],
    found: dict[str, float] | None = None,
    *,
    growth: Sequence[Growth] = (),
    history: Sequence[Entry] = (),
    **others: Any,
) -> list[str]:
    """Return the lines of a screen where ratios were `found`."""
    figures = tuple(Figure(name=n, value=v, unit="ratio") for n, v in (found or {}).items())
    results = dataclasses.replace(example.results(), figures=figures)
    judgement = Judgement(verdicts=tuple(verdicts), **others)
    return screen(results, judgement, growth=growth, history=history).splitlines()


def verdict(figure: str, state: State = State.BROKEN, **others: Any) -> Verdict:
    numbers = {"ceiling": 0.8, "value": 1.0, "low": 0.9, "high": 1.1, "unit": "ratio"}
    return Verdict(figure=figure, state=state, **{**numbers, **others})


def entry(figures: dict[str, float], processor: str = example.MACHINE["processor"]) -> Entry:
    return Entry(revision="a" * 40, date="", processor=processor, figures=figures)


def grown(name: str) -> Growth:
    """Return the growth of an artefact in which everything grew."""
    sizes = example.sizes()["ultra-lean folder"]
    more = {
        kind: {part: size + 9_000 for part, size in getattr(sizes, kind).items()}
        for kind in ("components", "files", "objects", "symbols")
    }
    (one,) = compare({name: sizes}, {name: dataclasses.replace(sizes, bytes=40_000_000, **more)})
    return one


def test_where_all_is_well_it_is_one_line() -> None:
    met = [verdict(f"speed/{number}", State.MET) for number in range(20)]
    assert shown(met, growth=[grown("wheel")]) == [
        "benchmarks: of 20 budgets 20 are met, 0 broken, 0 undecided in the noise, "
        "0 not measured here"
    ]


def test_each_thing_that_was_judged_has_its_line() -> None:
    lines = shown(
        [
            verdict("speed/short/native"),
            verdict("size/wheel", value=4_100_000, ceiling=4_000_000, low=None, unit="bytes"),
            verdict("accuracy/x/differing files", value=3, ceiling=0, low=None, unit=""),
            verdict("count/x", value=None, reason="nothing measures it"),
            verdict("speed/y", State.NOISY, reason="5 rounds are too few"),
            *(verdict(f"count/{n}", State.UNMEASURED, reason="no valgrind") for n in range(2)),
            verdict("count/a", State.UNMEASURED, reason=IN_FULL_ONLY),
            verdict("count/b", State.UNMEASURED, reason=NOT_ASKED_FOR),
        ],
        breaches=(BREACH,),
        unreasoned=(RAISED,),
        removed=(Budget(figure="size/gone", ceiling=1),),
        failures=("parts: no such weights",),
        remarks=("something hid it",),
    )
    # What ends a run with a failure is told before what does not, and how to go on with both.
    assert [line for line in lines if line] == [
        "benchmarks: of 9 budgets 0 are met, 4 broken, 1 undecided in the noise, "
        "4 not measured here",
        "BROKEN  speed/short/native: 1.00 (0.900 to 1.10), ceiling 0.800, +25.0%",
        "BROKEN  size/wheel: 4,100,000, ceiling 4,000,000, +2.5%",
        "BROKEN  accuracy/x/differing files: 3, ceiling 0",
        "BROKEN  count/x: nothing measures it",
        "GREW    wheel: +70,000 bytes in one change",
        "        commit x",
        "        1 -> 2",
        "FAILED  parts: no such weights",
        "RAISED  speed/x to 0.9, and nothing says why",
        "REMOVED size/gone, and nothing says why",
        "noisy   speed/y: 1.00 (0.900 to 1.10), ceiling 0.800, +25.0%: 5 rounds are too few",
        "note    something hid it",
        "note    not measured: count/0 and 1 more: no valgrind",
        *OVERRIDE.splitlines(),
    ]


def test_what_may_land_and_what_can_be_done() -> None:
    for verdicts, others, passes, can_be_let_pass in (
        ([verdict("speed/x")], {}, False, True),
        ([], {"breaches": (BREACH,)}, False, True),
        ([], {"unreasoned": (RAISED,)}, False, True),
        ([], {"removed": (RAISED,)}, False, True),
        ([], {"failures": ("no",)}, False, False),
        ([verdict("speed/x", State.NOISY)], {"remarks": ("so",)}, True, False),
        ([verdict("speed/x", State.UNMEASURED)], {}, True, False),
    ):
        assert Judgement(verdicts=tuple(verdicts), **others).passes is passes
        assert (OVERRIDE.splitlines()[-1] in shown(verdicts, **others)) is can_be_let_pass
    for words in ("benchmarks/budgets.toml", "raised = ", f'"{TRAILER}: why"', "bench-accept"):
        assert words in OVERRIDE


def test_a_broken_size_is_explained_by_what_grew_in_that_artefact() -> None:
    wheel = grown("wheel")
    lines = shown([verdict("size/wheel/torch")], growth=[grown("folder"), wheel])
    causes = [line.removeprefix("        ") for line in lines if line.startswith("        ")]
    assert causes == explain(wheel, 2).splitlines()


def test_a_broken_time_is_explained_by_what_became_slower() -> None:
    before = {"part/encoder": 0.6, "part/load": 1.0, "part/log-mel": 0.505, "speed/short": 1.0}
    now = {"part/encoder": 0.9, "part/load": 1.3, "part/log-mel": 0.51, "speed/short": 3.0}
    causes = [
        "part/encoder: 0.600 -> 0.900 (+50% since aaaaaaaaa)",
        "part/load: 1.00 -> 1.30 (+30% since aaaaaaaaa)",
        "speed/short: 1.00 -> 3.00 (+200% since aaaaaaaaa)",
    ]
    alike = [entry({}), entry({**before, "size/wheel": 1.0}), entry({}, "another")]
    for history, told in ((alike, causes), ([], []), ([entry(before, "another")], [])):
        found = {**now, "size/wheel": 9.0, "speed/new": 1.0}
        lines = shown([verdict("speed/short")], found, history=history)
        assert [line.strip() for line in lines if "->" in line] == told


def test_all_of_it_at_once_fits_on_a_screen() -> None:
    growth = [grown(f"artefact {number}") for number in range(5)]
    slow = {f"part/part {number}": 2.0 for number in range(20)}
    sizes = [f"size/{one.artefact}{part}" for one in growth for part in ("", "/a", "/b")]
    for order in ([*sizes, *slow], [*slow, *sizes]):
        lines = shown(
            [*map(verdict, order), *(verdict(f"speed/{n}", State.NOISY) for n in range(50))],
            slow,
            growth=growth,
            breaches=[
                dataclasses.replace(BREACH, explanation=f"commit x\n{explain(one)}")
                for one in growth
            ],
            unreasoned=[RAISED] * 20,
            removed=[RAISED] * 3,
            history=[entry(dict.fromkeys(slow, 1.0))],
        )
        assert len(lines) < 60
        more = [line for line in lines if line.startswith("and ")]
        assert more == [f"and {count - 5} more" for count in (len(order), 20, 50)]
        # One cause of many broken budgets is told once.
        causes = [line for line in lines if "since aaaaaaaaa" in line or " -> 40,000,000" in line]
        assert len(causes) == len(set(causes)) > 0
