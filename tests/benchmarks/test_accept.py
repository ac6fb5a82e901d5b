"""Keeping what a run found in the repository."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

import example_results as example
from benchmarks.figures import Figure, Results
from benchmarks.judging import accept as module
from benchmarks.judging.accept import LATEST, READMES, is_whole, read_latest
from benchmarks.judging.history import HISTORY, read_history
from benchmarks.measuring.machine import UNKNOWN
from benchmarks.plan import IN_FULL_ONLY, NOT_ASKED_FOR, OTHER_SPEECH
from benchmarks.report.readme_tables import stale
from benchmarks.sizes.stored import REPORT, read_sizes
from buildkit.errors import BuildError, InputError
from buildkit.places import CHECKOUT

LOG = Path("benchmarks") / HISTORY.name
WHOLE = example.results()


def accept(results: Results, checkout: Path, revision: str | None = None) -> set[str]:
    """Accept results where what they are of is checked out, and return what was written."""
    here = (revision or results.revision.rstrip("+"), results.date)
    with mock.patch.object(module, "describe_revision", return_value=here):
        written = module.accept(results, checkout)
    return {path.relative_to(checkout).as_posix() for path in written}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path, name in zip(READMES, ("speed", "sizes"), strict=True):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        text = f"# {path}\n\n<!-- benchmark: {name} -->\nwhat was before\n<!-- end -->\n"
        (tmp_path / path).write_text(text)
    return tmp_path


def content(checkout: Path) -> dict[str, bytes]:
    files = (path for path in checkout.rglob("*") if path.is_file())
    return {path.relative_to(checkout).as_posix(): path.read_bytes() for path in files}


def quick_one() -> Results:
    """Return a later, quick run: a group of times, a file more in the wheel, and no AppImage."""
    groups = [example.made("speed/short/beam 5/all threads", example.SPEEDS, 99.0)]
    found = example.results(groups=groups, revision="c" * 40)
    gone = "ultra-lean AppImage"
    sizes = {name: one for name, one in found.sizes.items() if name != gone}
    wheel = sizes["wheel"]
    sizes["wheel"] = replace(wheel, bytes=wheel.bytes + 7, files={**wheel.files, "new": 7})
    figures = tuple(
        replace(figure, value=figure.value + 7) if figure.name == "size/wheel" else figure
        for figure in found.figures
        if not figure.name.startswith(f"size/{gone}")
    )
    unmeasured = {"speed/medium": IN_FULL_ONLY}
    return replace(found, sizes=sizes, figures=figures, unmeasured=unmeasured)


def test_a_whole_run_is_kept(checkout: Path) -> None:
    before = content(checkout)
    written = accept(WHOLE, checkout)
    after = content(checkout)
    assert written == {name for name in after if after[name] != before.get(name)}
    assert read_sizes(checkout / REPORT) == WHOLE.sizes
    (entry,) = read_history(checkout / LOG)
    assert (entry.revision, entry.processor) == (WHOLE.revision, example.MACHINE["processor"])
    assert entry.figures.keys() == {figure.name for figure in WHOLE.figures}
    assert read_latest(checkout) == WHOLE
    # The sizes lie in the report, and not twice.
    assert json.loads((checkout / LATEST).read_text())["sizes"] == {}
    first, second = ((checkout / path).read_text() for path in READMES)
    assert "what was before" not in first + second
    assert first.startswith("# README.md\n\n<!-- benchmark: speed -->\n")
    assert "| native |" in first
    assert "| ultra-lean folder | 36.7 MB |" in second
    # A second time changes nothing.
    accept(WHOLE, checkout)
    assert content(checkout) == after


def test_a_quick_run_renews_the_sizes_only(checkout: Path) -> None:
    quick = quick_one()
    accept(WHOLE, checkout)
    accept(quick, checkout)
    latest = read_latest(checkout)
    assert latest.sizes == quick.sizes == read_sizes(checkout / REPORT)

    def split(results: Results) -> tuple[set[Figure], set[Figure]]:
        sizes = {figure for figure in results.figures if figure.name.startswith("size/")}
        return sizes, set(results.figures) - sizes

    assert split(latest) == (split(quick)[0], split(WHOLE)[1])
    assert (latest.series, latest.unmeasured) == (WHOLE.series, WHOLE.unmeasured)
    revisions = [one.revision for one in read_history(checkout / LOG)]
    assert revisions == [WHOLE.revision, quick.revision]
    assert "| wheel | 4.33 MB | 4,331,997 |" in (checkout / READMES[1]).read_text()


def test_a_quick_run_that_is_the_first_makes_no_tables(checkout: Path) -> None:
    with pytest.raises(InputError, match="holds no sizes"):
        read_latest(checkout)
    before = content(checkout)
    written = accept(quick_one(), checkout)
    after = content(checkout)
    assert after.keys() - before.keys() == {str(REPORT), str(LOG)} == written
    assert {name: after[name] for name in before} == before
    with pytest.raises(InputError, match="holds no results"):
        read_latest(checkout)


@pytest.mark.parametrize(
    ("unmeasured", "whole"),
    [
        ({}, True),
        ({"accuracy/further speech/greedy": OTHER_SPEECH}, False),
        ({"count/--version/instructions": "there is no valgrind"}, True),
        ({"part": IN_FULL_ONLY}, False),
        ({"part": NOT_ASKED_FOR, "accuracy": OTHER_SPEECH}, False),
        # As `benchmarks.run` tells it. What it would have found stays in the tables.
        ({"part/encoder/1 thread": "it failed: a process ended with 1"}, False),
    ],
)
def test_a_run_is_whole_when_nothing_was_left_out_or_failed(
    unmeasured: dict[str, str], whole: bool
) -> None:
    assert is_whole(replace(WHOLE, unmeasured=unmeasured)) is whole


NO_SYMBOLS = {name: replace(one, symbols={}) for name, one in WHOLE.sizes.items()}
BROKEN = (*WHOLE.figures, Figure(name="speed/x", value=math.nan))


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        (replace(WHOLE, revision=f"{WHOLE.revision}+"), "in no commit"),
        (replace(WHOLE, revision=UNKNOWN), "unknown revision"),
        (replace(WHOLE, sizes={}), "no sizes were measured"),
        (replace(WHOLE, sizes=NO_SYMBOLS), "PyTorch came from the build cache"),
        (replace(WHOLE, figures=BROKEN), "speed/x is no number"),
    ],
)
def test_what_nobody_could_compare_with_is_refused(
    checkout: Path, results: Results, reason: str
) -> None:
    before = content(checkout)
    with pytest.raises(BuildError, match=reason):
        accept(results, checkout)
    assert content(checkout) == before


def test_another_revision_or_a_readme_without_marks_is_refused(checkout: Path) -> None:
    with pytest.raises(BuildError, match="eeeeeeeee is checked out: measure again"):
        accept(WHOLE, checkout, revision="e" * 40)
    (checkout / READMES[1]).write_text("nothing")
    with pytest.raises(BuildError, match="has no table at all"):
        accept(WHOLE, checkout)
    assert not (checkout / LOG).exists()


def test_the_real_readmes_can_be_written(tmp_path: Path) -> None:
    for path in READMES:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / path, tmp_path / path)
    accept(WHOLE, tmp_path)
    for path in READMES:
        assert "| native |" in (tmp_path / path).read_text()


@pytest.mark.skipif(not (CHECKOUT / LATEST).exists(), reason="no whole run was accepted yet")
@pytest.mark.parametrize("readme", READMES, ids=str)
def test_the_readmes_show_what_was_accepted_last(readme: Path) -> None:
    assert stale((CHECKOUT / readme).read_text("utf-8"), read_latest(CHECKOUT)) == []
