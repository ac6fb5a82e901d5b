"""The screen that a run ends with."""

from __future__ import annotations

import datetime
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import example_results as example
from benchmarks.figures import ArtefactSizes, Figure, Results
from benchmarks.judging.budgets import Budget
from benchmarks.judging.history import Entry
from benchmarks.judging.judge import State, Verdict
from benchmarks.plan import IN_FULL_ONLY, NOT_ASKED_FOR
from benchmarks.report.screen import OVERRIDE, Judgement, screen
from benchmarks.sizes.changes import Growth, compare, explain
from benchmarks.sizes.gate import ALLOWED, TRAILER, Breach

PROCESSOR = example.MACHINE["processor"]
LINES = 60
"""Of a screen."""


def shown(
    results: Results,
    verdicts: Sequence[Verdict],
    *,
    growth: Sequence[Growth] = (),
    history: Sequence[Entry] = (),
    **others: Any,
) -> str:
    found = {name: tuple(some) for name, some in others.items()}
    judgement = Judgement(verdicts=tuple(verdicts), **found)
    return screen(results, judgement, growth=growth, history=history)


def verdict(
    name: str, state: State = State.BROKEN, *, unit: str = "ratio", reason: str = ""
) -> Verdict:
    return Verdict(
        figure=name,
        state=state,
        ceiling=0.8,
        value=1.0,
        low=0.9,
        high=1.1,
        unit=unit,
        reason=reason,
    )


def results_of(*figures: Figure, machine: dict[str, str] | None = None) -> Results:
    return Results(
        revision="b" * 40,
        date="",
        machine=example.MACHINE if machine is None else machine,
        figures=figures,
        sizes={},
        unmeasured={},
    )


def ratio(name: str, value: float) -> Figure:
    return Figure(name=name, value=value, unit="ratio")


def entry(
    figures: Mapping[str, float], *, processor: str = PROCESSOR, revision: str = "a" * 40
) -> Entry:
    return Entry(revision=revision, date="", processor=processor, figures=figures)


def grown(name: str, growth: int = 40_000) -> Growth:
    """Return the growth of an artefact in which many things grew."""
    dice = random.Random(name)

    def artefact(more: int) -> ArtefactSizes:
        parts = {f"{name}.so: part {number}": 1000 + more // 20 for number in range(20)}
        files = {f"{name}.so": 30_000 + more, **{f"f{n}": 9 + more for n in range(9)}}
        components = {f"component {n}": dice.randrange(9000) + more for n in range(12)}
        size = sum(files.values())
        return ArtefactSizes(
            bytes=size,
            components=components,
            files=files,
            sections=parts,
            objects=parts,
            symbols=parts,
        )

    (one,) = compare({name: artefact(0)}, {name: artefact(growth)})
    return one


def test_where_all_is_well_it_is_one_line() -> None:
    found = example.results()
    assert shown(found, example.verdicts(found)[:20], growth=[grown("wheel")]) == (
        "benchmarks: of 20 budgets 20 are met, 0 broken, 0 undecided in the noise, "
        "0 not measured here"
    )


def test_each_state_is_counted() -> None:
    found = example.results()
    states = [State.BROKEN, State.UNMEASURED, State.UNMEASURED, State.NOISY]
    text = shown(found, example.verdicts(found, states=states)[:10])
    assert text.startswith(
        "benchmarks: of 10 budgets 6 are met, 1 broken, 1 undecided in the noise, "
        "2 not measured here\n"
    )


def test_broken_figures_are_named_with_how_much() -> None:
    text = shown(
        results_of(),
        [
            verdict("speed/short/native"),
            Verdict(
                figure="size/wheel",
                state=State.BROKEN,
                ceiling=4_000_000,
                value=4_100_000,
                unit="bytes",
            ),
            Verdict(figure="accuracy/x/differing files", state=State.BROKEN, ceiling=0, value=3),
            Verdict(figure="count/x", state=State.BROKEN, ceiling=9, reason="nothing measures it"),
        ],
    )
    lines = text.splitlines()
    for line in (
        "BROKEN  speed/short/native: 1.00 (0.900 to 1.10), ceiling 0.800, +25.0%",
        "BROKEN  size/wheel: 4,100,000, ceiling 4,000,000, +2.5%",
        "BROKEN  accuracy/x/differing files: 3, ceiling 0",
        "BROKEN  count/x: nothing measures it",
    ):
        assert line in lines


def test_a_broken_size_is_explained_by_what_grew_in_that_artefact() -> None:
    wheel, folder = grown("wheel"), grown("folder")
    text = shown(results_of(), [verdict("size/wheel/torch")], growth=[folder, wheel])
    assert "component 11" in explain(wheel, 99)
    causes = [f"        {line}" for line in explain(wheel, 2).splitlines()]
    lines = text.splitlines()
    begin = lines.index(causes[0])
    assert lines[begin : begin + len(causes)] == causes
    assert "folder" not in text
    assert "f8" not in text


def test_a_broken_time_is_explained_by_what_became_slower() -> None:
    now = {
        "part/encoder/1 thread/wheel": 0.9,
        "part/load/1 thread/wheel": 1.3,
        "part/log-mel/1 thread/wheel": 0.51,
        "speed/short/native": 3.0,
        "size/wheel": 9e9,
        "speed/new/native": 1.0,
    }
    before = entry(
        {
            "part/encoder/1 thread/wheel": 0.6,
            "part/load/1 thread/wheel": 1.0,
            "part/log-mel/1 thread/wheel": 0.505,
            "speed/short/native": 1.0,
            "size/wheel": 1.0,
        }
    )
    history = [entry({}, revision="0" * 40), before, entry({}, processor="another")]
    text = shown(
        results_of(*(ratio(name, value) for name, value in now.items())),
        [verdict("speed/short/native")],
        history=history,
    )
    causes = [line.strip() for line in text.splitlines() if line.startswith("        ")]
    assert causes == [
        "part/encoder/1 thread/wheel: 0.600 -> 0.900 (+50% since aaaaaaaaa)",
        "part/load/1 thread/wheel: 1.00 -> 1.30 (+30% since aaaaaaaaa)",
        "speed/short/native: 1.00 -> 3.00 (+200% since aaaaaaaaa)",
    ]


@pytest.mark.parametrize("history", [[], [entry({"part/x": 0.1}, processor="another")]])
def test_without_an_earlier_run_on_such_a_processor_no_cause_is_named(
    history: list[Entry],
) -> None:
    text = shown(results_of(ratio("part/x", 1)), [verdict("part/x")], history=history)
    assert not [line for line in text.splitlines() if line.startswith("        ")]


def test_what_can_be_done_is_told_of_all_that_is_broken() -> None:
    breach = Breach(artefact="wheel", bytes=70_000, allowed=ALLOWED, explanation="since\nall of it")
    raised = Budget(figure="speed/x", ceiling=0.9, raised=datetime.date(2026, 1, 1), why="old")
    found = results_of()
    for text in (
        shown(found, [verdict("speed/x")]),
        shown(found, [], breaches=[breach]),
        shown(found, [], unreasoned=[raised]),
    ):
        assert text.endswith(f"\n\n{OVERRIDE}")
    assert f'"{TRAILER}: why"' in OVERRIDE
    assert f"{ALLOWED // 1024} KiB" in OVERRIDE
    for words in ("benchmarks/budgets.toml", "raised = ", "why = ", "make bench-accept"):
        assert words in OVERRIDE
    for text in (
        shown(found, [verdict("speed/x", State.NOISY, reason="so")]),
        shown(found, [verdict("speed/x", State.UNMEASURED)], remarks=["a remark"]),
    ):
        assert OVERRIDE not in text


def test_growth_in_one_change_and_silent_raises_are_told() -> None:
    breach = Breach(
        artefact="wheel", bytes=70_000, allowed=ALLOWED, explanation="commit x\nwheel: 1 -> 2"
    )
    raised = Budget(figure="speed/x", ceiling=0.9)
    text = shown(
        results_of(), [], breaches=[breach], unreasoned=[raised], remarks=["something hid it"]
    )
    assert (
        "GREW    wheel: +70,000 bytes in one change\n        commit x\n        wheel: 1 -> 2\n"
        in text
    )
    assert "RAISED  speed/x to 0.9, and nothing says why\n" in text
    assert "note    something hid it\n" in text


def test_noise_is_told_with_the_reason() -> None:
    text = shown(results_of(), [verdict("speed/x", State.NOISY, reason="5 rounds are too few")])
    assert (
        "noisy   speed/x: 1.00 (0.900 to 1.10), ceiling 0.800, +25.0%: 5 rounds are too few" in text
    )


def test_what_failed_is_told() -> None:
    text = shown(results_of(), [verdict("a", State.MET)], failures=["parts: no such weights"])
    assert text.splitlines()[1:] == ["FAILED  parts: no such weights"]


def slower(count: int) -> tuple[Results, list[Entry], list[Verdict]]:
    names = [f"part/part {number}/1 thread/wheel" for number in range(count)]
    found = results_of(*(ratio(name, 2) for name in names))
    return found, [entry(dict.fromkeys(names, 1.0))], [verdict(name) for name in names]


def test_many_slow_ones_fit_on_a_screen() -> None:
    found, history, verdicts = slower(50)
    lines = shown(found, verdicts, history=history).splitlines()
    assert len(lines) < LINES
    assert sum(line.startswith("BROKEN") for line in lines) >= 5
    more = 50 - sum(line.startswith("BROKEN") for line in lines)
    assert f"and {more} more" in lines


def test_many_sizes_fit_on_a_screen() -> None:
    artefacts = [f"artefact {number}" for number in range(5)]
    verdicts = [
        verdict(f"size/{name}{rest}")
        for name in artefacts
        for rest in ("", *(f"/component {number}" for number in range(9)))
    ]
    growth = [grown(name) for name in artefacts]
    lines = shown(results_of(), verdicts, growth=growth).splitlines()
    assert len(verdicts) == 50
    assert len(lines) < LINES
    # An artefact is explained once, not with each of its components.
    explained = [line for line in lines if line.endswith("(+400,000)")]
    assert len(explained) == len(set(explained)) > 0


def test_much_noise_fits_on_a_screen() -> None:
    found, history, broken = slower(10)
    noisy = [verdict(f"speed/{n}", State.NOISY, reason="3 rounds are too few") for n in range(50)]
    lines = shown(found, [*broken, *noisy], history=history).splitlines()
    assert len(lines) < LINES


def test_all_of_it_at_once_fits_on_a_screen() -> None:
    found, history, slow = slower(20)
    artefacts = [f"artefact {number}" for number in range(5)]
    growth = [grown(name) for name in artefacts]
    breaches = [
        Breach(
            artefact=one.artefact,
            bytes=one.delta,
            allowed=ALLOWED,
            explanation=f"what was built\n{explain(one)}",
        )
        for one in growth
    ]
    noisy = [verdict(f"speed/{n}", State.NOISY, reason="3 rounds are too few") for n in range(50)]
    text = shown(
        found,
        [*(verdict(f"size/{name}") for name in artefacts), *slow, *noisy],
        growth=growth,
        breaches=breaches,
        unreasoned=[Budget(figure=f"count/{number}", ceiling=1) for number in range(20)],
        history=history,
        remarks=["something hid it"],
    )
    lines = text.splitlines()
    assert len(lines) < LINES
    # What ends a run with a failure is told before what does not, and how to go on with both.
    begins = [line.split()[0] for line in lines if line and not line.startswith(" ")]
    assert begins.index("BROKEN") < begins.index("GREW") < begins.index("RAISED")
    assert begins.index("RAISED") < begins.index("noisy") < begins.index("note")
    assert text.endswith(OVERRIDE)


def test_a_ceiling_that_is_gone_is_told() -> None:
    gone = Budget(figure="size/wheel", ceiling=4_000_000)
    text = shown(results_of(), [verdict("a", State.MET)], removed=[gone])
    assert "REMOVED size/wheel, and nothing says why" in text
    assert OVERRIDE in text
    assert not Judgement(verdicts=(), removed=(gone,)).passes
    assert Judgement(verdicts=()).passes


def test_what_the_machine_could_not_measure_is_told_with_the_reason() -> None:
    reasons = ["there is no valgrind", "there is no valgrind", IN_FULL_ONLY, NOT_ASKED_FOR]
    verdicts = [
        verdict(f"count/{number}", State.UNMEASURED, reason=reason)
        for number, reason in enumerate(reasons)
    ]
    lines = shown(results_of(), verdicts).splitlines()
    assert lines[1:] == ["note    not measured: count/0 and 1 more: there is no valgrind"]
