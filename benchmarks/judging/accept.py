"""Keep what a run found in the repository, as what later changes are compared with.

``sizes.json`` gets the sizes, ``history.jsonl`` a line of figures. What everything took is kept in
``latest.json``, from which the tables of the READMEs are made; a quick run, which measures a part,
renews the sizes in it only.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.figures import Results, read_results, write_results
from benchmarks.judging.history import HISTORY, append
from benchmarks.measuring.machine import describe_revision
from benchmarks.plan import FAILED, IN_FULL_ONLY, NOT_ASKED_FOR, OTHER_SPEECH
from benchmarks.report.readme_tables import update
from benchmarks.sizes.artefacts import lacks_details
from benchmarks.sizes.stored import REPORT, read_sizes, write_sizes
from buildkit.errors import UsageError
from buildkit.files import atomic_writer

LATEST = Path("benchmarks/latest.json")
READMES = (Path("README.md"), Path("benchmarks/README.md"))
"""In a checkout."""


def accept(results: Results, checkout: Path) -> list[Path]:
    """Write what is kept of `results` into a checkout, and return the files that were written.

    Raises
    ------
    UsageError
        When the results are of a state that is in no commit or not checked out, or have no sizes
        or only a part of them.
    BuildError
        When a file cannot be read or written.
    """
    _check(results, checkout)
    report, latest = checkout / REPORT, checkout / LATEST
    history = checkout / "benchmarks" / HISTORY.name
    kept = results if is_whole(results) else _with_sizes_of(results, latest)
    # All that may be wrong with the results and the READMEs comes before anything is written.
    texts = {
        checkout / path: update((checkout / path).read_text("utf-8"), kept)
        for path in READMES
        if kept
    }
    append(history, results)
    write_sizes(results.sizes, report)
    if kept is None:
        return [report, history]
    write_results(replace(kept, sizes={}), latest)
    for path, text in texts.items():
        with atomic_writer(path) as stream:
            stream.write(text.encode())
    return [report, history, latest, *texts]


def _check(results: Results, checkout: Path) -> None:
    if results.revision.endswith("+"):
        raise UsageError(
            "what was measured last is in no commit, so that nobody could tell what it was",
            "commit it, measure again, then accept",
        )
    if not results.sizes:
        raise UsageError("no sizes were measured the last time", "measure them, then accept")
    if lacks_details(results.sizes):
        raise UsageError(
            "PyTorch came from the build cache, and was never measured where it was linked",
            "run make torch with an empty TRANSCRIBER_BUILD_CACHE, measure again, then accept",
        )
    here, _ = describe_revision(checkout)
    if results.revision != here.rstrip("+"):
        raise UsageError(
            f"what was measured last is of {results.revision[:9]}, and {here[:9]} is checked out",
            "measure again, then accept",
        )


def is_whole(results: Results) -> bool:
    """Whether a run measured everything, on all recordings that budgets name."""
    left_out = (IN_FULL_ONLY, NOT_ASKED_FOR, OTHER_SPEECH, FAILED)
    return not any(why.startswith(left_out) for why in results.unmeasured.values())


def read_latest(checkout: Path) -> Results:
    """Return the results that were kept last; `InputError` when there are none."""
    sizes = read_sizes(checkout / REPORT)
    return replace(read_results(checkout / LATEST), sizes=sizes)


def _with_sizes_of(results: Results, latest: Path) -> Results | None:
    """Return the kept results with new sizes, None where nothing was kept yet."""
    if not latest.exists():
        return None
    kept = read_results(latest)
    others = [figure for figure in kept.figures if not figure.name.startswith("size/")]
    sizes = [figure for figure in results.figures if figure.name.startswith("size/")]
    return replace(kept, figures=(*sizes, *others), sizes=results.sizes)
