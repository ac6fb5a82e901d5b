"""Keeping what a run found in the repository."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest

import example_results as example
from benchmarks.figures import Figure, Results, read_results
from benchmarks.judging import accept as module
from benchmarks.judging.accept import LATEST, READMES, is_whole, read_latest
from benchmarks.judging.history import HISTORY, read_history
from benchmarks.measuring.machine import UNKNOWN
from benchmarks.plan import IN_FULL_ONLY, NOT_ASKED_FOR, OTHER_SPEECH
from benchmarks.report.readme_tables import stale
from benchmarks.sizes.stored import REPORT, read_sizes
from buildkit.errors import BuildError, InputError, UsageError
from buildkit.places import CHECKOUT

LOG = Path("benchmarks") / HISTORY.name
README = """# {title}

<!-- benchmark: {name} -->
what was before
<!-- end -->
"""


def accept(results: Results, checkout: Path) -> list[Path]:
    """Accept results where what they are of is checked out."""
    here = (results.revision.rstrip("+"), results.date)
    with mock.patch.object(module, "describe_revision", return_value=here):
        return module.accept(results, checkout)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path, name in zip(READMES, ("speed", "sizes"), strict=True):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(README.format(title=path, name=name))
    return tmp_path


def content(checkout: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(checkout)): path.read_bytes()
        for path in sorted(checkout.rglob("*"))
        if path.is_file()
    }


def quick_one() -> Results:
    """Return a later, quick run: one group of times, one more file in an artefact."""
    groups = [example.made("speed/short/beam 5/all threads", example.SPEEDS, 99.0)]
    found = example.results(groups=groups, revision="c" * 40)
    sizes = {**found.sizes}
    wheel = sizes["wheel"]
    sizes["wheel"] = replace(wheel, bytes=wheel.bytes + 7, files={**wheel.files, "new": 7})
    figures = tuple(
        replace(figure, value=figure.value + 7) if figure.name == "size/wheel" else figure
        for figure in found.figures
    )
    unmeasured = {"speed/medium": IN_FULL_ONLY}
    return replace(found, sizes=sizes, figures=figures, unmeasured=unmeasured)


def test_a_whole_run_is_kept(checkout: Path) -> None:
    found = example.results()
    assert is_whole(found)
    accept(found, checkout)
    assert read_sizes(checkout / REPORT) == found.sizes
    (entry,) = read_history(checkout / LOG)
    assert (entry.revision, entry.processor) == (found.revision, example.MACHINE["processor"])
    assert entry.figures.keys() == {figure.name for figure in found.figures}
    assert read_latest(checkout) == found
    # The sizes lie in the report, and not twice.
    assert json.loads((checkout / LATEST).read_text())["sizes"] == {}
    first, second = ((checkout / path).read_text() for path in READMES)
    assert "what was before" not in first + second
    assert first.startswith("# README.md\n\n<!-- benchmark: speed -->\n")
    assert "| native |" in first
    assert "| ultra-lean folder | 36.7 MB |" in second


def test_it_says_which_files_it_wrote(checkout: Path) -> None:
    before = content(checkout)
    written = accept(example.results(), checkout)
    after = content(checkout)
    changed = {checkout / name for name in after if after[name] != before.get(name)}
    assert {checkout / path for path in written} == changed
    assert not any(path.is_relative_to(CHECKOUT) for path in written)


def test_sizes_without_their_symbols_are_not_accepted(checkout: Path) -> None:
    found = example.results()
    sizes = {name: replace(one, symbols={}) for name, one in found.sizes.items()}
    with pytest.raises(UsageError, match="PyTorch came from the build cache"):
        accept(replace(found, sizes=sizes), checkout)
    assert not (checkout / LOG).exists()


def test_what_is_not_checked_out_is_not_accepted(checkout: Path) -> None:
    with (
        mock.patch.object(module, "describe_revision", return_value=("e" * 40, "")),
        pytest.raises(UsageError, match="eeeeeeeee is checked out: measure again"),
    ):
        module.accept(example.results(), checkout)
    assert not (checkout / LOG).exists()


def test_a_second_time_changes_nothing(checkout: Path) -> None:
    accept(example.results(), checkout)
    before = content(checkout)
    accept(example.results(), checkout)
    assert content(checkout) == before


def test_a_quick_run_renews_the_sizes_only(checkout: Path) -> None:
    whole, quick = example.results(), quick_one()
    accept(whole, checkout)
    accept(quick, checkout)
    latest = read_latest(checkout)
    assert latest.sizes == quick.sizes == read_sizes(checkout / REPORT)
    for figure in quick.figures:
        if figure.name.startswith("size/"):
            assert latest.figure(figure.name) == figure
    others = [one for one in latest.figures if not one.name.startswith("size/")]
    assert others == [one for one in whole.figures if not one.name.startswith("size/")]
    assert latest.series == whole.series
    assert latest.unmeasured == whole.unmeasured
    assert [one.revision for one in read_history(checkout / LOG)] == [
        whole.revision,
        quick.revision,
    ]
    assert "| wheel | 4.33 MB | 4,331,997 |" in (checkout / READMES[1]).read_text()


def test_a_size_that_vanished_is_kept_no_longer(checkout: Path) -> None:
    accept(example.results(), checkout)
    quick = quick_one()
    sizes = {name: one for name, one in quick.sizes.items() if name != "wheel"}
    figures = tuple(one for one in quick.figures if not one.name.startswith("size/wheel"))
    accept(replace(quick, sizes=sizes, figures=figures), checkout)
    latest = read_latest(checkout)
    assert "wheel" not in latest.sizes
    assert not [one for one in latest.figures if one.name.startswith("size/wheel")]


def test_a_quick_run_that_is_the_first_makes_no_tables(checkout: Path) -> None:
    before = content(checkout)
    quick = quick_one()
    written = accept(quick, checkout)
    after = content(checkout)
    assert after.keys() - before.keys() == {str(REPORT), str(LOG)}
    assert {name: after[name] for name in before} == before
    assert {checkout / path for path in written} == {checkout / REPORT, checkout / LOG}


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
    assert is_whole(replace(example.results(), unmeasured=unmeasured)) is whole


def refused(results: Results, checkout: Path, kind: type[BuildError], reason: str) -> None:
    before = content(checkout)
    with pytest.raises(kind, match=reason):
        accept(results, checkout)
    assert content(checkout) == before


def test_changes_that_are_in_no_commit_are_refused(checkout: Path) -> None:
    found = example.results()
    refused(replace(found, revision=f"{found.revision}+"), checkout, UsageError, "in no commit")


def test_a_run_without_sizes_is_refused(checkout: Path) -> None:
    refused(replace(example.results(), sizes={}), checkout, UsageError, "no sizes were measured")


def test_an_unknown_revision_is_refused(checkout: Path) -> None:
    refused(replace(example.results(), revision=UNKNOWN), checkout, InputError, "unknown revision")


def test_what_is_no_number_is_refused(checkout: Path) -> None:
    found = example.results()
    broken = Figure(name="speed/x", value=float("nan"))
    refused(replace(found, figures=(*found.figures, broken)), checkout, InputError, "speed/x is no")


def test_a_readme_without_markers_is_refused(checkout: Path) -> None:
    (checkout / READMES[1]).write_text("nothing")
    refused(example.results(), checkout, InputError, "has no table at all")


def test_the_real_readmes_can_be_written(tmp_path: Path) -> None:
    for path in READMES:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(CHECKOUT / path, tmp_path / path)
    accept(example.results(), tmp_path)
    for path in READMES:
        assert "| native |" in (tmp_path / path).read_text()


def test_nothing_was_kept_yet(checkout: Path) -> None:
    with pytest.raises(InputError, match="holds no sizes"):
        read_latest(checkout)
    accept(quick_one(), checkout)
    with pytest.raises(InputError, match="holds no results"):
        read_latest(checkout)
    with pytest.raises(InputError, match="holds no results"):
        read_results(checkout / LATEST)


@pytest.mark.skipif(not (CHECKOUT / LATEST).exists(), reason="no whole run was accepted yet")
@pytest.mark.parametrize("readme", READMES, ids=str)
def test_the_readmes_show_what_was_accepted_last(readme: Path) -> None:
    assert stale((CHECKOUT / readme).read_text("utf-8"), read_latest(CHECKOUT)) == []
