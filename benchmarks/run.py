"""Run the steps of a plan and gather what they find."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from pathlib import Path

from tqdm import tqdm

from benchmarks.budgets import Budgets
from benchmarks.figures import Results
from benchmarks.machine import describe_machine, describe_revision
from benchmarks.plan import KINDS, chosen, plan
from benchmarks.steps import Found, Step
from scripts.layout import CHECKOUT


def run(budgets: Budgets, *, quick: bool, kinds: Collection[str] = KINDS) -> Results:
    """Measure, with a progress bar on standard error.

    Parameters
    ----------
    budgets : Budgets
        What the figures will be judged by.
    quick : bool
        Whether it is what CI runs.
    kinds : collection of str
        The kinds of steps.

    Raises
    ------
    TranscriberError
        When something that is measured is not there or fails.
    """
    revision, date = describe_revision(CHECKOUT)
    with tempfile.TemporaryDirectory() as folder:
        steps, missing = plan(quick=quick, budgets=budgets, output=Path(folder))
        steps, left_out = chosen(steps, kinds)
        found = _run_steps(steps)
    return Results(
        revision=revision,
        date=date,
        machine=describe_machine(),
        figures=tuple(figure for one in found for figure in one.figures),
        series=tuple(series for one in found for series in one.series),
        sizes={name: size for one in found for name, size in one.sizes.items()},
        unmeasured={
            **missing,
            **left_out,
            **{name: why for one in found for name, why in one.unmeasured.items()},
        },
    )


def _run_steps(steps: list[Step]) -> list[Found]:
    found = []
    total = sum(step.seconds for step in steps)
    form = "{l_bar}{bar}| {elapsed}"
    with tqdm(total=total, bar_format=form, dynamic_ncols=True, leave=False) as bar:
        for step in steps:
            bar.set_description(step.name)
            share = step.seconds / step.ticks
            end = bar.n + step.seconds

            def tick(share: float = share, end: float = end) -> None:
                # More rounds than planned follow where the noise demands them.
                bar.update(min(share, end - bar.n))

            found.append(step.work(tick))
            bar.update(end - bar.n)
    return found
