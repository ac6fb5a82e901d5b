"""Measure the product, judge it by its budgets, and keep what was found.

    make bench-quick      what CI runs: under ten minutes
    make bench            everything, against every peer: about an hour
    make bench-accept     keep what was measured last as what later changes are compared with
    make bench-ratchet    lower the ceilings to what was measured last

The page is build/benchmarks/index.html, its tables as text report.md, for tools results.json.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.figures import read_results, write_results
from benchmarks.judging import budgets as held
from benchmarks.judging.accept import accept
from benchmarks.judging.budgets import BUDGETS, read_budgets
from benchmarks.judging.history import read_history
from benchmarks.judging.judge import judge
from benchmarks.judging.silent_changes import silent_changes
from benchmarks.plan import KINDS
from benchmarks.report.page import render_page
from benchmarks.report.screen import Judgement, screen
from benchmarks.report.tables import render
from benchmarks.run import run
from benchmarks.sizes.changes import compare
from benchmarks.sizes.gate import GrowthVerdict, judge_growth, report_of_last_commit
from buildkit.commands import ending_in_one_line
from buildkit.files import atomic_writer
from buildkit.places import CHECKOUT
from scripts.layout import BENCHMARKS
from transcriber.errors import TranscriberError

RESULTS = BENCHMARKS / "results.json"

BROKEN = 20
"""Exit code when a budget is broken; the program's own end at 10."""


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--quick", action="store_true", help="measure what CI measures")
    what.add_argument("--accept", action="store_true", help="keep what was measured last")
    what.add_argument("--ratchet", action="store_true", help="lower the ceilings to that")
    parser.add_argument(
        "--only", nargs="+", choices=KINDS, default=KINDS, metavar="KIND", help=", ".join(KINDS)
    )
    given = parser.parse_args()
    work = partial(_measure, given.quick, given.only)
    if given.accept or given.ratchet:
        work = partial(_accept if given.accept else _ratchet)
    return ending_in_one_line("benchmarks", work, TranscriberError)


def _measure(quick: bool, kinds: Sequence[str]) -> int:
    budgets = read_budgets(BUDGETS.read_text())
    # Before an hour of work: what is wrong with them would end it afterwards.
    history, base = read_history(), report_of_last_commit(CHECKOUT) or {}
    results, failures = run(budgets, quick=quick, kinds=kinds)
    # What was measured in part does not take the place of the whole.
    folder = BENCHMARKS if set(kinds) == set(KINDS) else BENCHMARKS / "partial"
    folder.mkdir(parents=True, exist_ok=True)
    write_results(results, folder / RESULTS.name)
    verdicts = judge(results, budgets)
    _write(folder / "report.md", render(results, verdicts, base))
    _write(folder / "index.html", render_page(results, verdicts, history, base))
    grown = judge_growth(CHECKOUT, results.sizes) if results.sizes else GrowthVerdict()
    silent = silent_changes(budgets, CHECKOUT)
    remarks = list(silent.remarks)
    if grown.unjudged:
        remarks.append(f"growth in one change was not judged: {grown.unjudged}")
    judgement = Judgement(
        verdicts=tuple(verdicts),
        breaches=grown.breaches,
        unreasoned=silent.raised,
        removed=silent.removed,
        failures=tuple(failures),
        remarks=tuple(remarks),
    )
    growth = compare(base, results.sizes)
    print(screen(results, judgement, growth=growth, history=history))
    return 0 if judgement.passes else BROKEN


def _accept() -> int:
    for path in accept(read_results(RESULTS), CHECKOUT):
        print(f"benchmarks: wrote {path}")
    return 0


def _ratchet() -> int:
    before = BUDGETS.read_text()
    text = held.ratchet(before, read_results(RESULTS))
    _write(BUDGETS, text)
    old, new = read_budgets(before).ceilings, read_budgets(text).ceilings
    lowered = [name for name in new if new[name].ceiling < old[name].ceiling]
    for name in lowered:
        print(f"benchmarks: {name}: {old[name].ceiling:,} -> {new[name].ceiling:,}")
    print(f"benchmarks: {len(lowered)} of {len(new)} ceilings were lowered")
    return 0


def _write(path: Path, text: str) -> None:
    with atomic_writer(path) as stream:
        stream.write(text.encode())


if __name__ == "__main__":
    sys.exit(main())
