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


def reached(*figures: Figure) -> Results:
    return Results(revision="a", date="", machine={}, figures=figures, sizes={}, unmeasured={})


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_the_file_is_read() -> None:
    budgets = read_budgets(TEXT)
    assert list(budgets.ceilings) == [
        *(WHEEL, TORCH, SHORT, RAISED, ERRORS),
        "accuracy/fetched speech/greedy/differing files",
    ]
    assert budgets.ceilings[WHEEL] == Budget(figure=WHEEL, ceiling=4_600_000)
    day = datetime.date(2026, 11, 30)
    raised = Budget(figure=RAISED, ceiling=0.8, raised=day, why="checks éach")
    assert budgets.ceilings[RAISED] == raised
    assert budgets.margins["size"] == Margin(relative=0.005, absolute=8192)


def test_the_real_file_is_read() -> None:
    budgets = read_budgets(BUDGETS.read_text())
    assert {"size", "count", "start", "memory", "speed", "accuracy"} <= budgets.margins.keys()
    for margin in budgets.margins.values():
        assert margin.relative >= 0
        assert margin.absolute >= 0
    for budget in budgets.ceilings.values():
        assert budget.ceiling >= 0


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[speed]", "[speed", "cannot be used"),
        ("[margins]", "[limits]", "margins"),
        ('"short/beam 5/all threads/native" = 0.9', '"x" = 1\n"x" = 2', "cannot be used"),
        ("= 0.9", '= "0.9"', f"the ceiling of {SHORT} is not a number"),
        ("= 0.9", "= true", f"the ceiling of {SHORT} is not a number"),
        ("= 0.9", "= []", f"the ceiling of {SHORT} is not a number"),
        ("= 0.9", "= { top = 1 }", "top"),
        ("= 0.9", "= { raised = 2026-11-30, why = 'so' }", "ceiling"),
        (', why = "checks \\u00e9ach"', "", f"{RAISED} says only one of when"),
        ('why = "checks \\u00e9ach"', 'why = " "', f"{RAISED} says only one of when"),
        ("raised = 2026-11-30, ", "", f"{RAISED} says only one of when"),
        ('why = "checks \\u00e9ach"', "why = 3", "cannot be used"),
        ("accuracy = { relative", "exactness = { relative", "has no margin for accuracy"),
        ("relative = 0.2, absolute = 0 ", "relative = 0.2 ", "absolute"),
        ("{ relative = 0.2, absolute = 0 }", "0.2", "cannot be used"),
        ("[margins]", "speed = 3\n[margins]", "cannot be used"),
        # What follows is no TOML error, and would be found when it is too late.
        ("raised = 2026-11-30", "raised = 'yesterday'", "cannot be used"),
        ("relative = 0.2,", "relative = '0.2',", "cannot be used"),
        # Nothing is above what is no number, so that such a budget would always be met.
        ("= 0.9", "= nan", "cannot be used"),
    ],
)
def test_a_malformed_file_is_one_line(old: str, new: str, reason: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(UsageError) as caught:
        read_budgets(TEXT.replace(old, new), "my budgets.toml")
    assert str(caught.value).startswith("my budgets.toml ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match=r"^budgets\.toml "):
        ratchet(TEXT.replace(old, new), reached())


def test_a_raise_needs_a_reason() -> None:
    before = read_budgets(TEXT)
    silent = read_budgets(TEXT.replace("= 0.9", "= 0.95"))
    assert raised_without_reason(before, silent) == [silent.ceilings[SHORT]]
    said = TEXT.replace("= 0.9", '= { ceiling = 0.95, raised = 2026-12-01, why = "a reason" }')
    assert raised_without_reason(before, read_budgets(said)) == []


def test_the_reason_of_an_earlier_raise_is_none() -> None:
    before = read_budgets(TEXT)
    silent = TEXT.replace("ceiling = 0.8", "ceiling = 0.85")
    assert [one.figure for one in raised_without_reason(before, read_budgets(silent))] == [RAISED]
    for old, new in (("2026-11-30", "2026-12-01"), ("checks", "checks twice")):
        assert raised_without_reason(before, read_budgets(silent.replace(old, new))) == []


def test_what_is_lowered_new_or_gone_needs_no_reason() -> None:
    before = read_budgets(TEXT)
    lower = TEXT.replace("= 0.9", "= 0.7").replace("ceiling = 0.8", "ceiling = 0.7")
    assert raised_without_reason(before, read_budgets(lower)) == []
    assert raised_without_reason(before, before) == []
    more = read_budgets(f'{TEXT}"further speech/greedy/en WER" = 0.2\n')
    assert raised_without_reason(before, more) == []
    assert raised_without_reason(more, before) == []


def test_ceilings_are_lowered_to_what_was_reached_and_nothing_else_is_touched() -> None:
    text = ratchet(
        TEXT,
        reached(
            Figure(name=WHEEL, value=4_000_001, unit="bytes"),
            Figure(name=SHORT, value=0.5, unit="ratio", low=0.45, high=0.55, rounds=9),
            Figure(name=RAISED, value=0.5, unit="ratio", low=0.4, high=0.5, rounds=9),
            Figure(name=ERRORS, value=0.0512, unit="errors"),
            Figure(name="speed/of nobody", value=1e-9),
        ),
    )
    day = 'raised = 2026-11-30, why = "checks \\u00e9ach" }'
    assert sorted(changed_lines(TEXT, text)) == sorted(
        [
            "- wheel = 4_600_000 # compressed",
            "+ wheel = 4028193 # compressed",
            '- "short/beam 5/all threads/native" = 0.9',
            '+ "short/beam 5/all threads/native" = 0.66',
            f'- "medium/greedy/1 thread/native" = {{ ceiling = 0.8, {day}',
            f'+ "medium/greedy/1 thread/native" = {{ ceiling = 0.6, {day}',
            "- 'fetched speech/greedy/en WER' = 0.1",
            "+ 'fetched speech/greedy/en WER' = 0.057",
        ]
    )
    assert read_budgets(text).ceilings[WHEEL].ceiling == 4_028_193
    assert raised_without_reason(read_budgets(TEXT), read_budgets(text)) == []


def test_no_ceiling_is_raised() -> None:
    worse = [Figure(name=name, value=1e9) for name in read_budgets(TEXT).ceilings]
    assert ratchet(TEXT, reached(*worse)) == TEXT
    assert ratchet(TEXT, reached()) == TEXT
    # What is met, but by less than the margin, keeps its ceiling.
    close = Figure(name=SHORT, value=0.85, unit="ratio", low=0.84, high=0.86, rounds=9)
    assert ratchet(TEXT, reached(close)) == TEXT


def test_the_upper_end_of_the_interval_was_reached() -> None:
    noisy = Figure(name=SHORT, value=0.5, unit="ratio", low=0.4, high=0.7, rounds=9)
    text = ratchet(TEXT, reached(noisy))
    assert read_budgets(text).ceilings[SHORT].ceiling == pytest.approx(0.84, abs=0.0011)


def test_a_second_time_changes_nothing() -> None:
    results = reached(
        Figure(name=WHEEL, value=4_000_001),
        Figure(name=SHORT, value=1 / 3),
        Figure(name=ERRORS, value=0.0512345),
    )
    text = ratchet(TEXT, results)
    assert text != TEXT
    assert ratchet(text, results) == text


def test_the_real_file_is_kept_byte_for_byte() -> None:
    text = BUDGETS.read_text()
    assert ratchet(text, reached()) == text


@pytest.mark.parametrize(
    ("value", "unit", "margin", "ceiling"),
    [
        (0.0, "ratio", Margin(relative=0.2, absolute=0), 0),
        (0.1234, "ratio", Margin(relative=0, absolute=0), 0.124),
        (0.123, "errors", Margin(relative=0, absolute=0), 0.123),
        (12.3456, "MiB", Margin(relative=0.5, absolute=0), 18.519),
        (1_000_001.0, "bytes", Margin(relative=0.005, absolute=8192), 1_013_193),
        (41.0, "", Margin(relative=0.01, absolute=0), 41),
        (0.0, "", Margin(relative=0, absolute=0.005), 0),
    ],
)
def test_ceilings_are_rounded_to_what_they_are_made_of(
    value: float, unit: str, margin: Margin, ceiling: float
) -> None:
    found = ceiling_of(Figure(name="x/y", value=value, unit=unit), margin)
    assert found == ceiling
    assert found >= value
    assert isinstance(found, int) == (unit in ("bytes", ""))


@pytest.mark.parametrize("unit", ["ratio", "errors", "MiB", "bytes", ""])
def test_no_ceiling_is_below_what_was_reached(unit: str) -> None:
    dice = random.Random(unit)
    for kind, margin in read_budgets(BUDGETS.read_text()).margins.items():
        for _ in range(200):
            value = float(dice.randrange(10**8)) if unit in ("bytes", "") else dice.expovariate(1)
            found = ceiling_of(Figure(name=f"{kind}/y", value=value, unit=unit), margin)
            assert value <= found <= 1.5 * value + margin.absolute + 0.001


def test_the_message_of_a_missing_margin_says_where_it_belongs() -> None:
    with pytest.raises(UsageError, match="add it to the table margins"):
        read_budgets("[margins]\n[faults]\nx = 1\n")


def test_a_ceiling_that_is_gone_says_why() -> None:
    before = read_budgets(TEXT)
    gone = TEXT.replace("wheel = 4_600_000 # compressed\n", "")
    assert [one.figure for one in removed_without_reason(before, read_budgets(gone))] == [WHEEL]
    told = f'{gone}[removed]\n"{WHEEL}" = "there is no wheel any more"\n'
    after = read_budgets(told)
    assert removed_without_reason(before, after) == []
    assert after.removed == {WHEEL: "there is no wheel any more"}
    assert removed_without_reason(before, before) == []
    for why in ('""', "7"):
        with pytest.raises(UsageError, match=f"{WHEEL} does not say why it was removed"):
            read_budgets(f'{gone}[removed]\n"{WHEEL}" = {why}\n')


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1" + "0" * 400])
def test_a_ceiling_is_a_number_from_0_upwards(value: str) -> None:
    with pytest.raises(UsageError, match="cannot be used"):
        read_budgets(TEXT.replace("= 0.9\n", f"= {value}\n"))
