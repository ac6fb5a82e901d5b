"""Earlier versions of a file, from git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.judging.file_versions import git, last_versions
from buildkit.errors import InputError, ToolError

FILE = Path("folder/budgets.toml")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "A Person")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "person@example.org")
    folder = tmp_path / "checkout"
    folder.mkdir()
    git(folder, "init", "--quiet")
    commit(folder, "another", Path("other"))
    assert last_versions(folder, FILE) == []
    # A commit that took the file away has no version of it.
    for text in ("one\n", None, "two", "three, with a ß\n\n"):
        commit(folder, text)
    commit(folder, "another one", Path("other"))
    return folder


def commit(checkout: Path, text: str | None, file: Path = FILE) -> None:
    path = checkout / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode()) if text is not None else path.unlink()
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "A change")


def test_the_newest_is_first_and_what_is_in_no_commit_is_no_version(checkout: Path) -> None:
    (checkout / FILE).write_text("not committed")
    assert last_versions(checkout, FILE) == ["three, with a ß\n\n", "two"]
    every = ["three, with a ß\n\n", "two", "one\n"]
    assert last_versions(checkout, checkout / FILE, 9) == every


def test_what_git_cannot_tell_is_one_line(checkout: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    clone = ["git", "clone", "--quiet", "--depth", "1", f"file://{checkout}", str(shallow)]
    subprocess.run(clone, check=True)
    with pytest.raises(InputError, match="git fetch --unshallow"):
        last_versions(shallow, FILE)
    with pytest.raises(ToolError, match=r"\Agit cannot tell: .*not a git repository.*\Z"):
        last_versions(tmp_path, FILE)
