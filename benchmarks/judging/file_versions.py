"""Read earlier versions of a file of the repository from git."""

from __future__ import annotations

import subprocess
from pathlib import Path

from buildkit.commands import last_line
from buildkit.errors import InputError, ToolError

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
    BuildError
        When git cannot tell: there is none, no repository, or not all of its history.
    """
    place = path.relative_to(checkout) if path.is_absolute() else path
    if is_shallow(checkout):
        raise InputError(
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
    """Return what git prints on standard output; its warnings are no part of an answer.

    Raises
    ------
    ToolError
        When it fails or is not there.
    """
    # A signature that the user has shown with each commit would stand before the answer.
    command = ["git", "-C", str(checkout), "-c", "log.showSignature=false", *words]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except OSError as error:
        raise ToolError(f"git cannot be started: {error.strerror}", "install it") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"git took longer than {_SECONDS:.0f} s in {checkout}") from error
    if done.returncode:
        raise ToolError(f"git cannot tell: {last_line(done.stderr)}")
    return done.stdout


def is_shallow(checkout: Path) -> bool:
    """Whether a clone lacks a part of its history.

    Raises
    ------
    ToolError
        When git cannot tell.
    """
    return git(checkout, "rev-parse", "--is-shallow-repository").strip() != "false"
