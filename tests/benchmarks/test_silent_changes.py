"""Ceilings that were raised or removed without a word, in a repository of a test and in our own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.judging.budgets import BUDGETS, read_budgets
from benchmarks.judging.file_versions import git
from benchmarks.judging.silent_changes import SilentChanges, silent_changes
from buildkit.places import CHECKOUT

MARGINS = "[margins]\nspeed = { relative = 0.1, absolute = 0 }\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    author = {
        f"GIT_{role}_{what}": "a@b"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in author.items():
            patch.setenv(name, value)
        git(tmp_path, "init", "--quiet")
        yield tmp_path


def commit(checkout: Path, budgets: str) -> None:
    (checkout / "budgets.toml").write_text(budgets)
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "A change")


def found(checkout: Path, budgets: str) -> SilentChanges:
    return silent_changes(read_budgets(budgets), checkout, checkout / "budgets.toml")


def test_each_of_the_last_versions_is_compared_with(checkout: Path) -> None:
    commit(checkout, f'{MARGINS}[speed]\n"a" = 1\n"b" = 1\n"c" = 1\n')
    commit(checkout, f'{MARGINS}[speed]\n"a" = 2\n"c" = 1\n')
    commit(checkout, "no budgets at all")
    silent = found(checkout, f'{MARGINS}[speed]\n"a" = 2\n"c" = 0.5\n')
    assert [budget.figure for budget in silent.raised] == ["speed/a"]
    assert [budget.figure for budget in silent.removed] == ["speed/b"]
    (remark,) = silent.remarks
    assert remark.startswith("an earlier version of the budgets is not understood: ")


def test_a_reason_is_enough(checkout: Path) -> None:
    commit(checkout, f'{MARGINS}[speed]\n"a" = 1\n"b" = 1\n')
    told = '"a" = { ceiling = 2, raised = 2026-11-30, why = "it does more" }'
    removed = '[removed]\n"speed/b" = "nobody needs it"\n'
    assert found(checkout, f"{MARGINS}[speed]\n{told}\n{removed}") == SilentChanges()


def test_what_git_cannot_tell_is_remarked(tmp_path: Path) -> None:
    silent = found(tmp_path, f'{MARGINS}[speed]\n"a" = 1\n')
    assert not silent.raised
    assert "raised ceilings were not looked for: git cannot tell" in silent.remarks[0]


def test_our_own_ceilings_are_raised_with_a_reason() -> None:
    # What a benchmark would find out after an hour.
    silent = silent_changes(read_budgets(BUDGETS.read_text()), CHECKOUT)
    for remark in silent.remarks:
        if "were not looked for" in remark:
            pytest.skip(remark)
    names = [budget.figure for budget in (*silent.raised, *silent.removed)]
    assert not names, (
        f"{os.path.relpath(BUDGETS, CHECKOUT)}: these were raised or removed: give each a new "
        "`raised` and `why`, or an entry in [removed]; see benchmarks/README.md"
    )
