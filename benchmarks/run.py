"""Run the steps of a plan and gather what they find."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Collection
from functools import reduce
from operator import or_
from pathlib import Path

from tqdm import tqdm

from benchmarks.figures import Results
from benchmarks.judging.budgets import Budgets
from benchmarks.measuring.machine import describe_machine, describe_revision
from benchmarks.plan import FAILED, KINDS, chosen, plan, speech_name
from benchmarks.steps import Found, Step
from buildkit.errors import BuildError
from buildkit.places import CHECKOUT
from transcriber.errors import TranscriberError


def run(
    budgets: Budgets, *, quick: bool, kinds: Collection[str] = KINDS
) -> tuple[Results, list[str]]:
    """Measure as `benchmarks.plan.plan` says, with a progress bar on standard error.

    A step that fails does not end the run, which may have taken an hour until then.

    Returns
    -------
    (Results, list of str)
        What was found, with what failed among what was not measured; a line for each step that
        failed.
    """
    revision, date = describe_revision(CHECKOUT)
    with tempfile.TemporaryDirectory() as folder:
        steps, missing = plan(quick=quick, budgets=budgets, output=Path(folder))
        steps, left_out = chosen(steps, kinds)
        found, failures = _run_steps(steps)
    results = Results(
        revision=revision,
        date=date,
        machine={**describe_machine(), "speech": speech_name()},
        figures=tuple(figure for one in found for figure in one.figures),
        series=tuple(series for one in found for series in one.series),
        sizes={name: size for one in found for name, size in one.sizes.items()},
        unmeasured=reduce(or_, (dict(one.unmeasured) for one in found), missing | left_out),
    )
    return results, failures


def _run_steps(steps: list[Step]) -> tuple[list[Found], list[str]]:
    found: list[Found] = []
    failures: list[str] = []
    total = sum(step.seconds for step in steps)
    form = "{l_bar}{bar}| {elapsed}"
    # None: only on a terminal. A log gets a line for each step instead.
    with tqdm(total=total, bar_format=form, dynamic_ncols=True, leave=False, disable=None) as bar:
        for step in steps:
            bar.set_description(step.name)
            if bar.disable:
                print(f"benchmarks: {step.name}", file=sys.stderr, flush=True)
            try:
                found.append(step.work())
            # What a program writes may be no JSON, a manifest may lack a column.
            except (BuildError, TranscriberError, OSError, ValueError, LookupError) as error:
                why = " ".join(str(error).split())
                failures.append(f"{step.name}: {why}")
                found.append(Found(unmeasured=dict.fromkeys(step.covers, f"{FAILED}: {why}")))
            bar.update(step.seconds)
    return found, failures
