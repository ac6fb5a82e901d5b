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
    return folder


def commit(checkout: Path, text: str | None, file: Path = FILE) -> None:
    path = checkout / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode()) if text is not None else path.unlink()
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "A change")


def test_the_newest_is_first(checkout: Path) -> None:
    for text in ("one\n", "two\n", "three, with a ß\n\n"):
        commit(checkout, text)
    commit(checkout, "another", Path("other"))
    assert last_versions(checkout, FILE) == ["three, with a ß\n\n", "two\n"]
    assert last_versions(checkout, checkout / FILE, 9) == ["three, with a ß\n\n", "two\n", "one\n"]


def test_what_is_in_no_commit_is_no_version(checkout: Path) -> None:
    commit(checkout, "another", Path("other"))
    assert last_versions(checkout, FILE) == []
    commit(checkout, "one")
    (checkout / FILE).write_text("not committed")
    assert last_versions(checkout, FILE) == ["one"]


def test_a_commit_without_the_file_has_no_version(checkout: Path) -> None:
    for text in ("one", None, "back"):
        commit(checkout, text)
    assert last_versions(checkout, FILE, 3) == ["back", "one"]


def test_a_part_of_the_history_is_not_enough(checkout: Path, tmp_path: Path) -> None:
    for text in ("one", "two"):
        commit(checkout, text)
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{checkout}", shallow], check=True
    )
    with pytest.raises(InputError, match="git fetch --unshallow"):
        last_versions(shallow, FILE)


def test_what_git_says_of_a_failure_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"git cannot tell: .*not a git repository") as caught:
        last_versions(tmp_path, FILE)
    assert "\n" not in str(caught.value)
