"""Reading the budgets, lowering them, and raising them with a reason."""

from __future__ import annotations

import datetime
import difflib
import random

import pytest

from benchmarks.figures import Figure, Results
from benchmarks.judging.budgets import (
    BUDGETS,
    Budget,
    Margin,
    ceiling_of,
    raised_without_reason,
    ratchet,
    read_budgets,
    removed_without_reason,
)
from buildkit.errors import UsageError

TEXT = """\
# What each figure may be at most.

[margins]
size = { relative = 0.005, absolute = 8192 }   # small changes add up
speed = { relative = 0.2, absolute = 0 }
accuracy = { relative = 0, absolute = 0.005 }

[size]
wheel = 4_600_000 # compressed
"ultra-lean AppImage/torch" = 11500000

[speed]
# The program as people use it.
"short/beam 5/all threads/native" = 0.9
"medium/greedy/1 thread/native" = { ceiling = 0.8, raised = 2026-11-30, why = "checks \\u00e9ach" }

[accuracy]
'fetched speech/greedy/en WER' = 0.1
"fetched speech/greedy/differing files" = 0
"""

WHEEL, TORCH = "size/wheel", "size/ultra-lean AppImage/torch"
SHORT = "speed/short/beam 5/all threads/native"
RAISED = "speed/medium/greedy/1 thread/native"
ERRORS = "accuracy/fetched speech/greedy/en WER"
REAL = BUDGETS.read_text()


def reached(*figures: Figure) -> Results:
    return Results(revision="a", date="", machine={}, figures=figures, sizes={}, unmeasured={})


def test_the_file_is_read() -> None:
    budgets = read_budgets(TEXT)
    differing = "accuracy/fetched speech/greedy/differing files"
    assert list(budgets.ceilings) == [WHEEL, TORCH, SHORT, RAISED, ERRORS, differing]
    assert budgets.ceilings[WHEEL] == Budget(figure=WHEEL, ceiling=4_600_000)
    day = datetime.date(2026, 11, 30)
    raised = Budget(figure=RAISED, ceiling=0.8, raised=day, why="checks éach")
    assert budgets.ceilings[RAISED] == raised
    assert budgets.margins["size"] == Margin(relative=0.005, absolute=8192)
    kinds = {"size", "count", "start", "memory", "speed", "accuracy"}
    assert kinds <= read_budgets(REAL).margins.keys()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[speed]", "[speed", "cannot be used"),
        ("[margins]", "[limits]", "margins"),
        ('"short/beam 5/all threads/native" = 0.9', '"x" = 1\n"x" = 2', "cannot be used"),
        ("= 0.9", '= "0.9"', f"the ceiling of {SHORT} is not a number"),
        ("= 0.9", "= true", f"the ceiling of {SHORT} is not a number"),
        ("= 0.9", "= []", f"the ceiling of {SHORT} is not a number"),
        # Nothing is above what is no number, so that such a budget would always be met.
        ("= 0.9", "= nan", f"the ceiling of {SHORT} is not a number"),
        ("= 0.9", "= -1", f"the ceiling of {SHORT} is not a number"),
        ("= 0.9", f"= 1{'0' * 400}", "cannot be used"),
        ("= 0.9", "= { top = 1 }", "top"),
        ("= 0.9", "= { raised = 2026-11-30, why = 'so' }", "ceiling"),
        (', why = "checks \\u00e9ach"', "", f"{RAISED} says only one of when"),
        ('why = "checks \\u00e9ach"', 'why = " "', f"{RAISED} says only one of when"),
        ("raised = 2026-11-30, ", "", f"{RAISED} says only one of when"),
        ('why = "checks \\u00e9ach"', "why = 3", "cannot be used"),
        ("raised = 2026-11-30", "raised = 'yesterday'", "at which day"),
        ("accuracy = { relative", "exactness = { relative", "no margin for accuracy: add it to"),
        ("relative = 0.2, absolute = 0 ", "relative = 0.2 ", "absolute"),
        ("relative = 0.2,", "relative = '0.2',", "margin of speed is not of numbers"),
        ("{ relative = 0.2, absolute = 0 }", "0.2", "cannot be used"),
        ("[margins]", "speed = 3\n[margins]", "cannot be used"),
        ("[margins]", '[removed]\nx = ""\n[margins]', "x does not say why it was removed"),
        ("[margins]", "[removed]\nx = 7\n[margins]", "x does not say why it was removed"),
    ],
)
def test_a_malformed_file_is_one_line(old: str, new: str, reason: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(UsageError, match=rf"\Amy budgets\.toml .*{reason}.*\Z"):
        read_budgets(TEXT.replace(old, new), "my budgets.toml")


@pytest.mark.parametrize(
    ("old", "new", "silent"),
    [
        ("= 0.9", "= 0.95", [SHORT]),
        ("= 0.9", '= { ceiling = 0.95, raised = 2026-12-01, why = "a reason" }', []),
        # The reason of an earlier raise is none.
        ("ceiling = 0.8", "ceiling = 0.85", [RAISED]),
        ("ceiling = 0.8, raised = 2026-11-30", "ceiling = 0.85, raised = 2026-12-01", []),
        ("ceiling = 0.8", "ceiling = 0.7", []),
        ("[accuracy]", "[accuracy]\nnew = 1", []),
    ],
)
def test_a_raise_needs_a_reason(old: str, new: str, silent: list[str]) -> None:
    before, after = read_budgets(TEXT), read_budgets(TEXT.replace(old, new))
    assert [one.figure for one in raised_without_reason(before, after)] == silent
    assert raised_without_reason(before, before) == []


def test_a_ceiling_that_is_gone_says_why() -> None:
    before = read_budgets(TEXT)
    gone = TEXT.replace("wheel = 4_600_000 # compressed\n", "")
    assert [one.figure for one in removed_without_reason(before, read_budgets(gone))] == [WHEEL]
    after = read_budgets(f'{gone}[removed]\n"{WHEEL}" = "there is no wheel any more"\n')
    assert removed_without_reason(before, after) == []
    assert after.removed == {WHEEL: "there is no wheel any more"}


def test_ceilings_are_lowered_to_what_was_reached_and_nothing_else_is_touched() -> None:
    found = reached(
        Figure(name=WHEEL, value=4_000_001, unit="bytes"),
        # The upper end of the interval was reached.
        Figure(name=SHORT, value=0.5, unit="ratio", low=0.45, high=0.55, rounds=9),
        Figure(name=RAISED, value=0.5, unit="ratio", low=0.4, high=0.5, rounds=9),
        Figure(name=ERRORS, value=0.0512, unit="errors"),
        Figure(name="speed/of nobody", value=1e-9),
    )
    text = ratchet(TEXT, found)
    day = 'raised = 2026-11-30, why = "checks \\u00e9ach" }'
    lines = difflib.ndiff(TEXT.splitlines(), text.splitlines())
    assert sorted(line for line in lines if line[0] in "+-") == [
        '+ "medium/greedy/1 thread/native" = { ceiling = 0.6, ' + day,
        '+ "short/beam 5/all threads/native" = 0.66',
        "+ 'fetched speech/greedy/en WER' = 0.057",
        "+ wheel = 4028193 # compressed",
        '- "medium/greedy/1 thread/native" = { ceiling = 0.8, ' + day,
        '- "short/beam 5/all threads/native" = 0.9',
        "- 'fetched speech/greedy/en WER' = 0.1",
        "- wheel = 4_600_000 # compressed",
    ]
    assert raised_without_reason(read_budgets(TEXT), read_budgets(text)) == []
    # A second time changes nothing.
    assert ratchet(text, found) == text


def test_no_ceiling_is_raised() -> None:
    worse = [Figure(name=name, value=1e9) for name in read_budgets(TEXT).ceilings]
    # What is met, but by less than the margin, keeps its ceiling.
    close = Figure(name=SHORT, value=0.85, unit="ratio", low=0.84, high=0.86, rounds=9)
    for found in (reached(*worse), reached(close), reached()):
        assert ratchet(TEXT, found) == TEXT
    assert ratchet(REAL, reached()) == REAL


@pytest.mark.parametrize(
    ("value", "unit", "margin", "ceiling"),
    [
        (0.0, "ratio", Margin(relative=0.2, absolute=0), 0),
        (0.1234, "ratio", Margin(relative=0, absolute=0), 0.124),
        (0.123, "errors", Margin(relative=0, absolute=0), 0.123),
        (-1.0, "errors", Margin(relative=0, absolute=0.5), 0),
        (12.3456, "MiB", Margin(relative=0.5, absolute=0), 18.519),
        (1_000_001.0, "bytes", Margin(relative=0.005, absolute=8192), 1_013_193),
        (41.0, "", Margin(relative=0.01, absolute=0), 41),
    ],
)
def test_ceilings_are_rounded_to_what_they_are_made_of(
    value: float, unit: str, margin: Margin, ceiling: float
) -> None:
    found = ceiling_of(Figure(name="x/y", value=value, unit=unit), margin)
    assert found == ceiling
    assert isinstance(found, int) == (unit in ("bytes", ""))


@pytest.mark.parametrize("unit", ["ratio", "errors", "MiB", "bytes", ""])
def test_no_ceiling_is_below_what_was_reached(unit: str) -> None:
    dice = random.Random(unit)
    for kind, margin in read_budgets(REAL).margins.items():
        for _ in range(200):
            value = float(dice.randrange(10**8)) if unit in ("bytes", "") else dice.expovariate(1)
            found = ceiling_of(Figure(name=f"{kind}/y", value=value, unit=unit), margin)
            assert value <= found <= 1.5 * value + margin.absolute + 0.001
