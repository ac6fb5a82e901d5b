"""What a release changes in the sources, in a clone made for the test."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buildkit.errors import BuildError
from release.publishing.notes import CHANGELOG
from release.publishing.preparing import VERSION_FILE, edited, prepare, present_version, tag

LOG = "# Changelog\n\n## Unreleased\n\n- New.\n\n## 1.0.0 - 2026-01-02\n\n- Old.\n"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "someone")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "someone@localhost")
    folder = tmp_path / "clone"
    (folder / VERSION_FILE).parent.mkdir(parents=True)
    (folder / VERSION_FILE).write_text('"""Doc."""\n\n__version__ = "1.0.0"\n')
    (folder / CHANGELOG).write_text(LOG)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Begin")
    return folder


def test_writes_version_and_date_and_commits_them(clone: Path) -> None:
    assert prepare(clone, "1.1.0", "2026-12-01")
    assert present_version(clone) == "1.1.0"
    assert (clone / CHANGELOG).read_text() == LOG.replace("Unreleased", "1.1.0 - 2026-12-01")
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "log", "-1", "--format=%s") == "Release 1.1.0"


def test_the_same_command_goes_on_and_the_next_release_is_refused_until_there_is_news(
    clone: Path,
) -> None:
    prepare(clone, "1.1.0", "2026-12-01")
    commit = git(clone, "rev-parse", "HEAD")
    assert not prepare(clone, "1.1.0", "2026-12-02")
    assert git(clone, "rev-parse", "HEAD") == commit
    with pytest.raises(BuildError, match="says nothing of Unreleased"):
        prepare(clone, "1.2.0", "2026-12-02")


def test_a_release_of_the_version_that_is_there_only_gets_its_heading(clone: Path) -> None:
    assert list(edited(clone, "1.0.0", "2026-12-01")) == [CHANGELOG]


@pytest.mark.parametrize(
    ("version", "date", "said"),
    [
        ("1.1", "2026-12-01", "no version"),
        ("1.1.0", "today", "no date"),
        ("1.1.0", "2026-02-30", "no date"),
    ],
)
def test_what_is_none_is_refused(clone: Path, version: str, date: str, said: str) -> None:
    with pytest.raises(BuildError, match=said):
        prepare(clone, version, date)
    assert present_version(clone) == "1.0.0"


def test_changes_that_are_not_committed_and_a_tag_that_is_there_are_refused(clone: Path) -> None:
    tag(clone, "1.1.0", "HEAD")
    assert git(clone, "cat-file", "-t", "v1.1.0") == "tag"
    with pytest.raises(BuildError, match=r"a tag v1\.1\.0 already"):
        prepare(clone, "1.1.0", "2026-12-01")
    (clone / CHANGELOG).write_text(LOG + "\n")
    with pytest.raises(BuildError, match=r"CHANGELOG\.md has changes"):
        prepare(clone, "1.2.0", "2026-12-01")


def test_a_new_file_is_a_change_too(clone: Path) -> None:
    (clone / "transcriber/more.py").touch()
    with pytest.raises(BuildError, match=r"more\.py has changes"):
        prepare(clone, "1.1.0", "2026-12-01")


def test_a_commit_that_fails_changes_nothing(clone: Path) -> None:
    hook = clone / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(BuildError, match="git commit failed: no"):
        prepare(clone, "1.1.0", "2026-12-01")
    assert git(clone, "status", "--porcelain") == ""
    hook.unlink()
    assert prepare(clone, "1.1.0", "2026-12-01")


def test_what_was_built_is_tagged_and_not_what_came_after(clone: Path) -> None:
    commit = git(clone, "rev-parse", "HEAD")
    git(clone, "commit", "--quiet", "--allow-empty", "--message", "Later")
    tag(clone, "1.0.0", commit)
    assert git(clone, "rev-parse", "v1.0.0^{commit}") == commit
