"""Read earlier versions of a file of the repository from git."""

from __future__ import annotations

from pathlib import Path

from scripts.commands import last_line, run_quietly
from transcriber.errors import DependencyError

_SECONDS = 60.0


def last_versions(checkout: Path, path: Path, count: int = 2) -> list[str]:
    """Return the texts that a file had in the last commits that changed it, the newest first.

    Parameters
    ----------
    checkout : Path
        The repository.
    path : Path
        The file, in the checkout.
    count : int
        How many at most.

    Raises
    ------
    DependencyError
        When git cannot tell: there is none, no repository, or not all of its history.
    """
    place = path.relative_to(checkout) if path.is_absolute() else path
    if git(checkout, "rev-parse", "--is-shallow-repository").strip() != "false":
        raise DependencyError(
            "the clone has not the whole history", "git fetch --unshallow gets the rest"
        )
    commits = git(checkout, "log", f"-{count}", "--format=%H", "--", str(place)).split()
    # A commit that took the file away has no version of it.
    return [
        git(checkout, "show", f"{commit}:{place}")
        for commit in commits
        if git(checkout, "ls-tree", "--name-only", commit, str(place)).strip()
    ]


def git(checkout: Path, *words: str) -> str:
    """Return what git prints.

    Raises
    ------
    DependencyError
        When it fails or is not there.
    """
    code, output = run_quietly(["git", "-C", checkout, *words], limit=_SECONDS)
    if code:
        raise DependencyError(f"git cannot tell: {last_line(output)}")
    return output
